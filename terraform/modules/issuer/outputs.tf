output "function_name" {
  description = "The function's name"
  value       = aws_lambda_function.this.function_name
  depends_on  = [aws_lambda_permission.rotation]
}

output "function_arn" {
  description = "Its ARN"
  value       = aws_lambda_function.this.arn
  depends_on  = [aws_lambda_permission.rotation]
}

output "role_name" {
  description = "The name of the role that it runs with"
  value       = local.role_name
  depends_on  = [aws_iam_role_policy.basics]
}

output "verify_login" {
  description = "Whether it tests each new login before it becomes current"
  value       = var.verify_login
}
