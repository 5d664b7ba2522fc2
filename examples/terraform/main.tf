# Two mailers that share one function, and a role that can read the login of one of them.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.82"
    }
  }
}

variable "allowed_cidrs" {
  description = "The public networks that send mail"
  type        = list(string)
}

variable "alarm_topic" {
  description = "The ARN of the SNS topic to notify of failed rotations"
  type        = string
  default     = null
}

module "issuer" {
  source = "../../terraform/modules/issuer"

  name        = "mail-issuer"
  alarm_topic = var.alarm_topic
}

module "mailer" {
  source   = "../../terraform"
  for_each = toset(["billing", "news"])

  name          = "mail-${each.key}"
  identity      = ["example.com"]
  from_address  = ["${each.key}@example.com"]
  allowed_cidrs = var.allowed_cidrs
  issuer        = module.issuer
}

resource "aws_iam_role" "billing" {
  name_prefix = "billing-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ecs-tasks.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "billing" {
  name   = "read-login"
  role   = aws_iam_role.billing.name
  policy = module.mailer["billing"].grant_read
}

output "secrets" {
  description = "The ARNs of the secrets, by mailer"
  value       = { for name, mailer in module.mailer : name => mailer.secret_arn }
}
