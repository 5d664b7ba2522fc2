output "secret_arn" {
  description = "The ARN of the secret; a resource that refers to it is created after the secret has a valid login"
  value       = aws_secretsmanager_secret.this[local.login].arn
  depends_on  = [aws_lambda_invocation.login]
}

output "user_name" {
  description = "The name of the IAM user"
  value       = aws_iam_user.this[local.login].name
}

output "user_arn" {
  description = "The ARN of the IAM user"
  value       = aws_iam_user.this[local.login].arn
}

output "group_name" {
  description = "The name of the group through which the user has its policy"
  value       = aws_iam_group.this[local.login].name
}

output "policy_arn" {
  description = "The ARN of that policy, which is also the user's permissions boundary"
  value       = aws_iam_policy.this[local.login].arn
}

output "smtp_host" {
  description = "The SMTP endpoint of the login"
  value       = local.host
}

output "smtp_port" {
  description = "The port of the endpoint"
  value       = var.smtp_port
}

output "from_address" {
  description = "The first From address, for an application to send as"
  value       = var.from_address[0]
}

output "issuer" {
  description = "The function that issues the login"
  value       = local.issuer
}

output "grant_read" {
  description = "A policy document that allows only reading and decrypting the secret"
  value       = jsonencode({ Version = "2012-10-17", Statement = local.reading })
  depends_on  = [aws_lambda_invocation.login]
}

output "grant_verify" {
  description = "A policy document that allows proving the login with `ses-secure-user verify`"
  value = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.reading, [
      for one in [
        { Action = ["secretsmanager:ListSecretVersionIds"], Resource = [aws_secretsmanager_secret.this[local.login].arn] },
        {
          Action = [
            "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:GetUser", "iam:ListAccessKeys",
            "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser", "iam:ListSSHPublicKeys",
            "iam:ListServiceSpecificCredentials", "iam:ListSigningCertificates", "iam:ListUserPolicies",
            "iam:SimulatePrincipalPolicy",
          ]
          Resource = [aws_iam_user.this[local.login].arn]
        },
        { Action = ["iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies"], Resource = [aws_iam_group.this[local.login].arn] },
        { Action = ["iam:GetPolicy", "iam:GetPolicyVersion"], Resource = [aws_iam_policy.this[local.login].arn] },
        { Action = ["ses:GetEmailIdentity"], Resource = [for name in local.names : "${local.ses}:identity/${name}"] },
        { Action = ["ses:GetAccount", "ses:ListEmailIdentities"], Resource = ["*"] },
      ] : merge({ Effect = "Allow" }, one)
    ])
  })
  depends_on = [aws_lambda_invocation.login]
}

locals {
  reading = concat(
    [
      {
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
        Resource = [aws_secretsmanager_secret.this[local.login].arn]
      },
    ],
    [
      for key in compact([var.encryption_key]) : {
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [key]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.home}.amazonaws.com" } }
      }
    ],
  )
}
