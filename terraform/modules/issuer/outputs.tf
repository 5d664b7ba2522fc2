output "function_name" {
  description = "The name of the function"
  value       = aws_lambda_function.this.function_name
  depends_on  = [aws_lambda_permission.rotation]
}

output "function_arn" {
  description = "The ARN of the function"
  value       = aws_lambda_function.this.arn
  depends_on  = [aws_lambda_permission.rotation]
}

output "role_name" {
  description = "The name of the function's role"
  value       = local.role_name
  depends_on  = [aws_iam_role_policy.basics]
}

output "verify_login" {
  description = "True if the function tests each new login before it becomes current"
  value       = var.verify_login
}
