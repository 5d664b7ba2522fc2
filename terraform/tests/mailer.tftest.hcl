# Tests without AWS. Run `terraform test` in the parent folder. The provider is mocked.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }

  mock_data "aws_region" {
    defaults = { id = "eu-west-1", name = "eu-west-1" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/mail-issuer" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::111122223333:policy/mail" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mail-issuer" }
  }

  mock_resource "aws_iam_user" {
    defaults = { arn = "arn:aws:iam::111122223333:user/mail" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:function:mail-issuer" }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mail-AbCdEf" }
  }
}

variables {
  name          = "mail"
  identity      = ["example.com"]
  from_address  = ["noreply@example.com"]
  allowed_cidrs = ["203.0.113.0/24"]
}

run "a_user_has_its_policy_as_boundary_and_through_a_group" {
  assert {
    condition     = one(values(aws_iam_user.this)).permissions_boundary == output.policy_arn
    error_message = "the boundary is another policy"
  }

  assert {
    condition     = one(values(aws_iam_group_policy_attachment.this)).policy_arn == output.policy_arn
    error_message = "the group has another policy"
  }

  assert {
    condition     = one(values(aws_iam_user_group_membership.this)).groups == toset([output.group_name])
    error_message = "the user is in another group"
  }
}

run "the_users_tags_declare_the_login" {
  variables {
    smtp_port     = 587
    secret_fields = { username = "SMTP_USERNAME", password = "SMTP_PASSWORD" }
    tags          = { team = "mail" }
  }

  assert {
    condition = one(values(aws_iam_user.this)).tags == tomap({
      "team"                   = "mail"
      "ses-secure-user:secret" = output.secret_arn
      "ses-secure-user:region" = "eu-west-1"
      "ses-secure-user:host"   = "email-smtp.eu-west-1.amazonaws.com"
      "ses-secure-user:port"   = "587"
      "ses-secure-user:fields" = "password=SMTP_PASSWORD username=SMTP_USERNAME"
    })
    error_message = "the tags are different"
  }
}

run "a_day_is_written_in_hours" {
  variables {
    rotation_interval = "1 days"
  }

  assert {
    condition     = one(values(aws_secretsmanager_secret_rotation.this)).rotation_rules[0].schedule_expression == "rate(24 hours)"
    error_message = "the schedule is not rate(24 hours)"
  }
}

run "without_an_interval_there_is_no_schedule" {
  variables {
    rotation_interval     = null
    acknowledged_warnings = ["noRotation"]
  }

  assert {
    condition     = length(aws_secretsmanager_secret_rotation.this) == 0
    error_message = "there is a schedule"
  }
}

run "what_is_risky_is_warned_of" {
  command = plan

  variables {
    allowed_cidrs     = ["8.0.0.0/8"]
    from_address      = ["Billing@example.com"]
    ses_region        = "ca-west-1"
    rotation_interval = "46 days"
  }

  expect_failures = [check.wide_network, check.upper_case_local_part, check.unknown_region, check.long_rotation]
}

run "no_rotation_is_warned_of" {
  command = plan

  variables {
    rotation_interval = null
  }

  expect_failures = [check.no_rotation]
}

run "what_is_meant_is_not_warned_of" {
  command = plan

  variables {
    allowed_cidrs         = ["8.0.0.0/8"]
    from_address          = ["Billing@example.com"]
    ses_region            = "ca-west-1"
    rotation_interval     = "46 days"
    acknowledged_warnings = ["wideNetwork", "upperCaseLocalPart", "unknownRegion", "longRotation"]
  }
}

run "a_host_of_another_region_is_refused" {
  command = plan

  variables {
    smtp_host = "email-smtp.us-east-1.amazonaws.com"
  }

  expect_failures = [aws_iam_policy.this]
}

run "a_fips_endpoint_of_the_region_is_taken" {
  command = plan

  variables {
    ses_region = "us-east-1"
    smtp_host  = "email-smtp-fips.us-east-1.amazonaws.com"
  }
}

run "more_than_a_policy_holds_is_refused" {
  command = plan

  variables {
    allowed_cidrs = [for number in range(250) : "203.0.${number}.0/25"]
  }

  expect_failures = [aws_iam_policy.this]
}

run "a_copy_where_the_secret_is_is_refused" {
  command = plan

  variables {
    replica_regions = [{ region = "eu-west-1" }]
  }

  expect_failures = [aws_secretsmanager_secret.this]
}

run "port_25_needs_an_issuer_that_tests_no_login" {
  command = plan

  variables {
    smtp_port = 25
    issuer = {
      function_name = "issuer"
      function_arn  = "arn:aws:lambda:eu-west-1:111122223333:function:issuer"
      role_name     = "issuer"
      verify_login  = false
    }
  }
}
