# The restrictions, as the one document that is the user's policy and its permissions boundary.
# The Allow statements say what may be sent; the Deny statements say the same from the other side, so that neither a
# policy attached later nor an SES identity policy that names the user widens it. A positive operator is false on a
# missing key and a negated one is true. Set operators are the exception, so Null stands next to both.
module "networks" {
  source = "./modules/networks"

  allowed_cidrs = var.allowed_cidrs
}

locals {
  identities = [for one in var.identity : lower(one)]
  recipients = var.allowed_recipients == null ? [] : var.allowed_recipients
  feedback   = var.feedback_address[*]

  networks = module.networks.networks

  ses       = "arn:${data.aws_partition.here.partition}:ses:${local.region}:${data.aws_caller_identity.here.account_id}"
  names     = distinct(concat(local.identities, var.from_address, [for one in var.sandbox_recipients : lower(one)]))
  sets      = var.configuration_set == null ? [] : ["${local.ses}:configuration-set/${var.configuration_set}"]
  action    = "ses:SendRawEmail"
  resources = concat([for name in local.names : "${local.ses}:identity/${name}"], local.sets)

  # What every permitted send has in common.
  purpose = merge(
    {
      StringEquals = merge(
        { "ses:FromAddress" = var.from_address },
        { for one in local.feedback : "ses:FeedbackAddress" => [one] },
      )
    },
    length(local.recipients) > 0 ? { "ForAllValues:StringLike" = { "ses:Recipients" = local.recipients } } : {},
    length(local.recipients) > 0 ? { Null = { "ses:Recipients" = ["false"] } } : {},
  )
  origins = merge(
    length(local.networks) > 0 ? { NotIpAddress = { "aws:SourceIp" = local.networks } } : {},
    length(var.allowed_vpc_endpoints) > 0 ? { StringNotEquals = { "aws:SourceVpce" = var.allowed_vpc_endpoints } } : {},
  )
  allowed = {
    SendFromNetworks     = merge(local.purpose, { IpAddress = { "aws:SourceIp" = local.networks } })
    SendThroughEndpoints = merge(local.purpose, { StringEquals = merge(local.purpose.StringEquals, { "aws:SourceVpce" = var.allowed_vpc_endpoints }) })
  }
  denied = {
    DenyOtherSenders      = { StringNotEquals = { "ses:FromAddress" = var.from_address } }
    DenyOtherReturnPaths  = { StringNotEquals = { "ses:FeedbackAddress" = local.feedback } }
    DenyOtherRecipients   = { "ForAnyValue:StringNotLike" = { "ses:Recipients" = local.recipients } }
    DenyUnknownRecipients = { Null = { "ses:Recipients" = ["true"] } }
    DenyOtherOrigins      = local.origins
  }
  written = concat(
    length(local.networks) > 0 ? ["SendFromNetworks"] : [],
    length(var.allowed_vpc_endpoints) > 0 ? ["SendThroughEndpoints"] : [],
    ["DenyOtherSenders"],
    length(local.feedback) > 0 ? ["DenyOtherReturnPaths"] : [],
    length(local.recipients) > 0 ? ["DenyOtherRecipients", "DenyUnknownRecipients"] : [],
    ["DenyOtherOrigins"],
  )
  document = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, condition in local.allowed : { Sid = sid, Effect = "Allow", Action = local.action, Resource = local.resources, Condition = condition } if contains(local.written, sid)],
      [{ Sid = "DenyOtherActions", Effect = "Deny", NotAction = local.action, Resource = "*" }],
      [{ Sid = "DenyOtherResources", Effect = "Deny", Action = local.action, NotResource = local.resources }],
      [for sid, condition in local.denied : { Sid = sid, Effect = "Deny", Action = local.action, Resource = "*", Condition = condition } if contains(local.written, sid)],
    )
  })
}
