data "aws_caller_identity" "here" {}

locals {
  # The archive of the function's code. `python terraform/issuer_zip.py` writes it.
  code      = "${path.module}/issuer.zip"
  role_arn  = var.role == null ? aws_iam_role.this[0].arn : var.role
  role_name = var.role == null ? aws_iam_role.this[0].name : reverse(split("/", var.role))[0]
  in_vpc    = length(var.vpc_subnets) > 0

  interface_actions = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ]
  statements = {
    logs = {
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
    }
    # Lambda manages the network interfaces of the function with this role. The function's own code is denied the same
    # actions: only its calls have lambda:SourceFunctionArn.
    interfaces = {
      Effect   = "Allow"
      Action   = local.interface_actions
      Resource = ["*"]
    }
    interfaces_of_the_code = {
      Effect    = "Deny"
      Action    = local.interface_actions
      Resource  = ["*"]
      Condition = { Null = { "lambda:SourceFunctionArn" = "false" } }
    }
    traces = {
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = ["*"]
    }
  }
  granted = {
    logs                   = true
    interfaces             = local.in_vpc && var.role == null
    interfaces_of_the_code = local.in_vpc && var.role == null
    traces                 = var.tracing != null && var.role == null
  }
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:A customer managed key is an option, encryption_key; AWS's own encryption is the default
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention
  kms_key_id        = var.encryption_key
  tags              = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "this" {
  count = var.role == null ? 1 : 0

  name_prefix = "${substr(var.name, 0, 37)}-"
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "basics" {
  name_prefix = "basics-"
  role        = local.role_name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for name, statement in local.statements : statement if local.granted[name]]
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:A limit is an option, reserved_concurrent_executions; below 10, rotations stall
  #checkov:skip=CKV_AWS_116:It is not invoked asynchronously, so a dead-letter queue would stay empty
  #checkov:skip=CKV_AWS_117:A VPC is an option, vpc_subnets; the function does not need one
  #checkov:skip=CKV_AWS_272:The digest of the code is in the plan, and its source is in the repository
  #checkov:skip=CKV_AWS_50:X-Ray is an option, tracing
  #checkov:skip=CKV_AWS_173:The only variable turns login tests on or off
  function_name                  = var.name
  description                    = "Issues, renews and revokes SES SMTP credentials"
  filename                       = local.code
  source_code_hash               = filebase64sha256(local.code)
  handler                        = "issuer.handler.handler"
  runtime                        = var.runtime
  architectures                  = ["arm64"]
  memory_size                    = 256
  timeout                        = 600
  role                           = local.role_arn
  kms_key_arn                    = var.encryption_key
  reserved_concurrent_executions = coalesce(var.reserved_concurrent_executions, -1)
  tags                           = var.tags

  dynamic "environment" {
    for_each = var.verify_login ? [] : ["false"]

    content {
      variables = { VERIFY_LOGIN = environment.value }
    }
  }

  dynamic "tracing_config" {
    for_each = var.tracing == null ? [] : [var.tracing]

    content {
      mode = tracing_config.value
    }
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [var.vpc_subnets] : []

    content {
      subnet_ids         = vpc_config.value
      security_group_ids = var.security_groups
    }
  }

  logging_config {
    log_format            = "JSON"
    application_log_level = "INFO"
    system_log_level      = "WARN"
    log_group             = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.basics]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lambda_permission" "rotation" {
  statement_id_prefix = "rotation-"
  function_name       = aws_lambda_function.this.function_name
  action              = "lambda:InvokeFunction"
  principal           = "secretsmanager.amazonaws.com"
  source_account      = data.aws_caller_identity.here.account_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "rotation_failures" {
  count = var.alarm_topic == null ? 0 : 1

  alarm_name          = "${var.name}-rotation-failures"
  alarm_description   = "A rotation of an SES SMTP credential failed; the function's log says why"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic]
  tags                = var.tags
}

check "untested_login" {
  assert {
    condition     = var.verify_login || contains(var.acknowledged_warnings, "untestedLogin")
    error_message = "`verify_login` is False, so a login may become current before SES accepts it"
  }
}

check "low_concurrency" {
  assert {
    condition     = coalesce(var.reserved_concurrent_executions, 10) >= 10 || contains(var.acknowledged_warnings, "lowConcurrency")
    error_message = "`reserved_concurrent_executions` is ${coalesce(var.reserved_concurrent_executions, 10)}: below 10 rotations and deployments that come together are throttled and may stall"
  }
}
