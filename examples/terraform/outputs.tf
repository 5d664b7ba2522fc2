output "secret_arn" {
  description = "The secret with the login"
  value       = aws_cloudformation_stack.mailer.outputs["SecretArn"]
}

output "smtp_host" {
  description = "The SMTP endpoint"
  value       = aws_cloudformation_stack.mailer.outputs["Host"]
}

output "smtp_port" {
  description = "Its port"
  value       = tonumber(aws_cloudformation_stack.mailer.outputs["Port"])
}

output "user_name" {
  description = "The IAM user"
  value       = aws_cloudformation_stack.mailer.outputs["User"]
}

output "reader_policy_arn" {
  description = "The policy that allows to read the login"
  value       = aws_iam_policy.reader.arn
}
