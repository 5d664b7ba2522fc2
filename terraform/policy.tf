# The document with the restrictions, which is both the user's policy and its permissions boundary.
# The Allow statements allow certain mail, and the Deny statements deny all other requests. So a policy that is attached
# later, or an SES identity policy that names the user, does not widen the restrictions. On a missing key a positive
# operator is false and a negated one is true. Set operators are the exception and need an additional Null test.
module "networks" {
  source = "./modules/networks"

  allowed_cidrs = var.allowed_cidrs
}

locals {
  identities = [for one in var.identity : lower(one)]
  networks   = module.networks.networks

  ses = "arn:${data.aws_partition.here.partition}:ses:${local.region}:${data.aws_caller_identity.here.account_id}"
  # The subdomains of From addresses. If a subdomain is verified itself, SES authorizes it and not its parent domain.
  subdomains = flatten([for sender in var.from_address : [for one in local.identities : [
    for at in range(length(split(".", trimsuffix(split("@", sender)[1], ".${one}")))) :
    join(".", slice(split(".", split("@", sender)[1]), at, length(split(".", split("@", sender)[1]))))
  ] if endswith(split("@", sender)[1], ".${one}")]])
  names     = distinct(concat(local.identities, local.subdomains, var.from_address, [for one in var.sandbox_recipients : lower(one)]))
  sets      = var.configuration_set == null ? [] : ["${local.ses}:configuration-set/${var.configuration_set}"]
  action    = "ses:SendRawEmail"
  resources = concat([for name in local.names : "${local.ses}:identity/${name}"], local.sets)

  # One row for each restriction: the condition key, the operators that allow and deny, and the values. All purposes and
  # one of the origins must match. A row without values restricts nothing.
  purposes = [for row in [
    { sid = "DenyOtherSenders", key = "ses:FromAddress", allow = "StringEquals", deny = "StringNotEquals", values = var.from_address },
    { sid = "DenyOtherDisplayNames", key = "ses:FromDisplayName", allow = "StringEquals", deny = "StringNotEquals", values = var.from_display_name == null ? [] : var.from_display_name },
    { sid = "DenyOtherReturnPaths", key = "ses:FeedbackAddress", allow = "StringEquals", deny = "StringNotEquals", values = var.feedback_address[*] },
    { sid = "DenyOtherRecipients", key = "ses:Recipients", allow = "ForAllValues:StringLike", deny = "ForAnyValue:StringNotLike", values = var.allowed_recipients == null ? [] : var.allowed_recipients },
    { sid = "DenyAfterEnd", key = "aws:CurrentTime", allow = "DateLessThan", deny = "DateGreaterThanEqualsIfExists", values = var.valid_until[*] },
  ] : row if length(row.values) > 0]
  origins = [for row in [
    { sid = "SendFromNetworks", key = "aws:SourceIp", allow = "IpAddress", deny = "NotIpAddress", values = local.networks },
    { sid = "SendThroughEndpoints", key = "aws:SourceVpce", allow = "StringEquals", deny = "StringNotEquals", values = var.allowed_vpc_endpoints },
    { sid = "SendFromVpcs", key = "aws:SourceVpc", allow = "StringEquals", deny = "StringNotEquals", values = var.allowed_vpcs },
  ] : row if length(row.values) > 0]

  # On a missing multivalued key, ForAllValues is true and ForAnyValue is false, so a Null test is added.
  sets_of_values = [for row in local.purposes : row if startswith(row.allow, "ForAllValues:")]
  purpose = concat(
    [for row in local.purposes : { operator = row.allow, key = row.key, values = row.values }],
    [for row in local.sets_of_values : { operator = "Null", key = row.key, values = ["false"] }],
  )
  allowed = { for row in local.origins : row.sid => concat(local.purpose, [{ operator = row.allow, key = row.key, values = row.values }]) }
  denied = merge(
    { for row in local.purposes : row.sid => [{ operator = row.deny, key = row.key, values = row.values }] },
    { for row in local.sets_of_values : replace(row.sid, "Other", "Unknown") => [{ operator = "Null", key = row.key, values = ["true"] }] },
    { for row in local.purposes : replace(row.sid, "Other", "Joined") => [{ operator = "ForAnyValue:StringLike", key = row.key, values = ["*@*@*"] }] if row.key == "ses:Recipients" },
    { DenyOtherOrigins = [for row in local.origins : { operator = row.deny, key = row.key, values = row.values }] },
  )
  conditions = { for sid, tests in merge(local.allowed, local.denied) : sid => {
    for operator in distinct([for one in tests : one.operator]) : operator => { for one in tests : one.key => one.values if one.operator == operator }
  } }
  document = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, _ in local.allowed : { Sid = sid, Effect = "Allow", Action = local.action, Resource = local.resources, Condition = local.conditions[sid] }],
      [{ Sid = "DenyOtherActions", Effect = "Deny", NotAction = local.action, Resource = "*" }],
      [{ Sid = "DenyOtherResources", Effect = "Deny", Action = local.action, NotResource = local.resources }],
      [for sid, _ in local.denied : { Sid = sid, Effect = "Deny", Action = local.action, Resource = "*", Condition = local.conditions[sid] }],
    )
  })
}
