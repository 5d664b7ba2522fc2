data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  home   = data.aws_region.here.id
  region = coalesce(var.ses_region, local.home)
  host   = coalesce(var.smtp_host, "email-smtp.${local.region}.${data.aws_partition.here.dns_suffix}")
  port   = tostring(var.smtp_port)
  fields = join(" ", [for field, name in var.secret_fields : "${field}=${name}"])

  issuer = var.issuer == null ? {
    function_name = module.issuer[0].function_name
    function_arn  = module.issuer[0].function_arn
    role_name     = module.issuer[0].role_name
    verify_login  = module.issuer[0].verify_login
  } : var.issuer

  # The values that a login is issued for cannot be changed. Other values create another login next to the old one, with
  # its own user, secret and policy. So all of these resources are instances whose key is a digest of the values, which
  # must be known in a plan. After a failure, the next plan creates the missing resources, then deletes the old login.
  login = substr(sha256(jsonencode([
    var.name, var.user_name, var.secret_name, var.ses_region, var.smtp_host, var.smtp_port, var.secret_fields,
    try(var.issuer.function_name, null),
  ])), 0, 7)
  logins      = toset([local.login])
  unique_name = "${var.name}-${local.login}"
  user_name   = coalesce(var.user_name, local.unique_name)

  rate = var.rotation_interval == null ? null : var.rotation_interval == "1 days" ? "24 hours" : var.rotation_interval
}

module "issuer" {
  source = "./modules/issuer"
  count  = var.issuer == null ? 1 : 0

  name = "${var.name}-issuer"
  tags = var.tags
}

resource "aws_iam_policy" "this" {
  for_each = local.logins

  name        = local.unique_name
  description = "The restrictions of the SES SMTP user ${local.user_name}, and its permissions boundary"
  policy      = local.document
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(replace(local.document, "/\\s/", "")) <= 6144
      error_message = "`allowed_cidrs`, `from_address` and `allowed_recipients` must fit into the 6,144 characters of a managed policy, got ${length(var.allowed_cidrs)} networks, ${length(var.from_address)} From addresses and ${try(length(var.allowed_recipients), 0)} recipients that make ${length(replace(local.document, "/\\s/", ""))}; give some of them to another user"
    }

    precondition {
      condition     = contains(compact(try(regex(local.host_form, local.host), [])), local.region)
      error_message = "`smtp_host` must be an endpoint of `ses_region` ${local.region}, got ${local.host}; an SMTP password is valid in one region: set `ses_region` to that of the host, or another host"
    }
  }
}

resource "aws_iam_group" "this" {
  for_each = local.logins

  name = local.unique_name
}

resource "aws_iam_group_policy_attachment" "this" {
  for_each = local.logins

  group      = aws_iam_group.this[each.key].name
  policy_arn = aws_iam_policy.this[each.key].arn
}

resource "aws_secretsmanager_secret" "this" {
  for_each = local.logins

  #checkov:skip=CKV_AWS_149:A customer managed key is an option, encryption_key; an AWS managed key is the default
  name                    = coalesce(var.secret_name, local.unique_name)
  description             = "An SES SMTP login"
  kms_key_id              = var.encryption_key
  recovery_window_in_days = 0 # the login of a deleted secret is revoked
  tags                    = var.tags

  dynamic "replica" {
    for_each = { for one in var.replica_regions : one.region => one.encryption_key }

    content {
      region     = replica.key
      kms_key_id = replica.value
    }
  }

  lifecycle {
    ignore_changes = [tags] # the function writes its journal to the tags

    precondition {
      condition     = !contains(var.replica_regions[*].region, local.home)
      error_message = "`replica_regions` must not name the region of the secret, got ${local.home}; leave it out"
    }
  }
}

# The tags declare the login. The function reads them and may not write them.
resource "aws_iam_user" "this" {
  for_each = local.logins

  #checkov:skip=CKV_AWS_273:SES's SMTP endpoint accepts only the key of an IAM user
  name                 = local.user_name
  path                 = var.user_path
  permissions_boundary = aws_iam_policy.this[each.key].arn
  force_destroy        = true # a key that was created by hand must not prevent the deletion

  tags = merge(var.tags, {
    "ses-secure-user:secret" = aws_secretsmanager_secret.this[each.key].arn
    "ses-secure-user:region" = local.region
    "ses-secure-user:host"   = local.host
    "ses-secure-user:port"   = local.port
  }, local.fields == "" ? {} : { "ses-secure-user:fields" = local.fields })
}

resource "aws_iam_user_group_membership" "this" {
  for_each = local.logins

  user   = aws_iam_user.this[each.key].name
  groups = [aws_iam_group.this[each.key].name]
}

# An inline policy, because a role can have only ten managed policies.
resource "aws_iam_role_policy" "access" {
  for_each = local.logins

  name = local.unique_name
  role = local.issuer.role_name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Effect   = "Allow"
          Action   = ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:ListUserTags"]
          Resource = [aws_iam_user.this[each.key].arn]
        },
        # ForAllValues is true on a missing key, which calls that set no tags require.
        {
          Effect = "Allow"
          Action = [
            "secretsmanager:DescribeSecret",
            "secretsmanager:GetSecretValue",
            "secretsmanager:PutSecretValue",
            "secretsmanager:TagResource",
            "secretsmanager:UpdateSecretVersionStage",
          ]
          Resource = [aws_secretsmanager_secret.this[each.key].arn]
          Condition = {
            "ForAllValues:StringLike" = { "aws:TagKeys" = ["ses-secure-user:created:*", "ses-secure-user:revoked:*"] }
          }
        },
      ],
      [
        for key in compact([var.encryption_key]) : {
          Effect    = "Allow"
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = [key]
          Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.home}.amazonaws.com" } }
        }
      ],
      [
        for one in var.replica_regions : {
          Effect    = "Allow"
          Action    = ["kms:Encrypt", "kms:GenerateDataKey"]
          Resource  = [one.encryption_key]
          Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${one.region}.amazonaws.com" } }
        } if one.encryption_key != null
      ],
    )
  })
}

# Its creation issues the login, and its deletion revokes it. It is never updated, because the provider saves a failed
# update as successful. A change of its input replaces it.
resource "aws_lambda_invocation" "login" {
  for_each = local.logins

  function_name   = local.issuer.function_name
  lifecycle_scope = "CRUD"
  input = jsonencode(merge({
    UserName = aws_iam_user.this[each.key].name
    SecretId = aws_secretsmanager_secret.this[each.key].arn
    Region   = local.region
    Host     = local.host
    Port     = local.port
  }, local.fields == "" ? {} : { Fields = local.fields }))

  # A key is created after the restrictions apply, and deleted before they are removed.
  depends_on = [
    aws_iam_group_policy_attachment.this,
    aws_iam_role_policy.access,
    aws_iam_user_group_membership.this,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_secretsmanager_secret_rotation" "this" {
  for_each = toset(var.rotation_interval == null ? [] : local.logins)

  secret_id           = aws_secretsmanager_secret.this[each.key].id
  rotation_lambda_arn = local.issuer.function_arn
  rotate_immediately  = false

  rotation_rules {
    schedule_expression = "rate(${local.rate})"
  }

  depends_on = [aws_lambda_invocation.login]

  lifecycle {
    create_before_destroy = true
  }
}

# This is changed after the new login is issued, and before the old one is revoked.
resource "terraform_data" "current" {
  input = local.login

  depends_on = [aws_lambda_invocation.login, aws_secretsmanager_secret_rotation.this]
}
