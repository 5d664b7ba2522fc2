locals {
  template = "${path.module}/ses-secure-user.template.json"
}

data "aws_s3_bucket" "template" {
  bucket = var.template_bucket
}

# CloudFormation takes a template of this length only from S3. Another one gets another key, so that the stack is updated.
resource "aws_s3_object" "template" {
  bucket = data.aws_s3_bucket.template.bucket
  key    = "ses-secure-user-${filemd5(local.template)}.template.json"
  source = local.template
  tags   = var.tags
}

resource "aws_cloudformation_stack" "mailer" {
  name         = var.stack_name
  template_url = "https://s3.${data.aws_s3_bucket.template.region}.amazonaws.com/${aws_s3_object.template.bucket}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_NAMED_IAM"]
  tags         = var.tags

  parameters = {
    Identity            = var.identity
    FromAddresses       = join(",", var.from_addresses)
    ConfigurationSet    = var.configuration_set
    AllowedCidrs        = join(",", var.allowed_cidrs)
    AllowedVpcEndpoints = join(",", var.allowed_vpc_endpoints)
    AllowedRecipients   = join(",", var.allowed_recipients)
    SandboxRecipient    = var.sandbox_recipient
    SesRegion           = var.ses_region
    SmtpHost            = var.smtp_host
    SmtpPort            = var.smtp_port
    RotationDays        = var.rotation_days
    UserName            = var.user_name
    SecretName          = var.secret_name
    EncryptionKey       = var.encryption_key
    AlarmTopic          = var.alarm_topic
  }

  lifecycle {
    precondition {
      condition     = length(var.allowed_cidrs) + length(var.allowed_vpc_endpoints) > 0
      error_message = "AllowedCidrs must not be empty, unless AllowedVpcEndpoints is given; name the public networks that mail is sent from."
    }
  }
}

# Attach it to the role of whatever sends mail: it reads this login and nothing else.
resource "aws_iam_policy" "reader" {
  name   = "${var.stack_name}-login-reader"
  policy = data.aws_iam_policy_document.reader.json
  tags   = var.tags
}

data "aws_iam_policy_document" "reader" {
  statement {
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    resources = [aws_cloudformation_stack.mailer.outputs["SecretArn"]]
  }

  dynamic "statement" {
    for_each = var.encryption_key == "" ? [] : [var.encryption_key]

    content {
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${split(":", statement.value)[3]}.amazonaws.com"]
      }
    }
  }
}
