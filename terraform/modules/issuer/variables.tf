variable "name" {
  description = "The name of the function, and the prefix of the names of its role and log group"
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "`name` must be 1 to 64 letters, digits and _-, got ${var.name}; write one such as mail-issuer"
  }
}

variable "vpc_subnets" {
  description = "The ids of private subnets of a VPC with access to IAM, Secrets Manager and the SMTP endpoint; no VPC if empty"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.vpc_subnets : can(regex("^subnet-[0-9a-f]{8,17}$", one))])
    error_message = "`vpc_subnets` must hold ids of subnets, got ${join(", ", [for one in var.vpc_subnets : one if !can(regex("^subnet-[0-9a-f]{8,17}$", one))])}; write one such as subnet-0123456789abcdef0"
  }
}

variable "security_groups" {
  description = "The ids of security groups in that VPC, which must allow outbound HTTPS and SMTP; required with `vpc_subnets`"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = (length(var.security_groups) > 0) == (length(var.vpc_subnets) > 0)
    error_message = "`security_groups` must come with `vpc_subnets`, got one without the other; name both, or leave both out"
  }
}

variable "encryption_key" {
  description = "The ARN of the KMS key that encrypts the log group and the function; its policy must allow logs.REGION.amazonaws.com to use it; an AWS owned key if null"
  type        = string
  default     = null

  validation {
    condition     = var.encryption_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+$", var.encryption_key))
    error_message = "`encryption_key` must be the ARN of a key, since IAM allows the use of keys and not of aliases, got ${coalesce(var.encryption_key, "null")}; write one such as arn:aws:kms:eu-west-1:111122223333:key/…"
  }
}

variable "reserved_concurrent_executions" {
  description = "The maximum number of concurrent invocations; rotations can stall below 10; no limit if null"
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrent_executions == null ? true : var.reserved_concurrent_executions >= 1 && floor(var.reserved_concurrent_executions) == var.reserved_concurrent_executions
    error_message = "`reserved_concurrent_executions` must be a whole number, at least 1, got ${coalesce(var.reserved_concurrent_executions, 0)}; leave it out for no limit"
  }
}

variable "role" {
  description = "The ARN of the function's role, which lambda.amazonaws.com may assume; the module adds policies for logs and users, and you add those for VPC and tracing; a new role if null"
  type        = string
  default     = null

  validation {
    condition     = var.role == null || can(regex("^arn:aws[a-z-]*:iam::\\d{12}:role/.+$", var.role))
    error_message = "`role` must be the ARN of a role, got ${coalesce(var.role, "null")}; write one such as arn:aws:iam::111122223333:role/issuer"
  }
}

variable "log_retention" {
  description = "The retention of logs in days"
  type        = number
  default     = 365
  nullable    = false
}

variable "tracing" {
  description = "The mode of X-Ray tracing: Active or PassThrough; no tracing if null"
  type        = string
  default     = null

  validation {
    condition     = var.tracing == null || contains(["Active", "PassThrough"], coalesce(var.tracing, "null"))
    error_message = "`tracing` must be Active or PassThrough, got ${coalesce(var.tracing, "null")}; leave it out for no tracing"
  }
}

variable "runtime" {
  description = "The Lambda runtime: Python, 3.11 or later"
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^python3\\.(?:1[1-9]|[2-9]\\d)$", var.runtime))
    error_message = "`runtime` must be Python 3.11 or later, got ${var.runtime}; write one such as python3.13"
  }
}

variable "alarm_topic" {
  description = "The ARN of the SNS topic to notify of failed rotations; its policy must allow cloudwatch.amazonaws.com to publish; none if null"
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[A-Za-z0-9_-]+$", var.alarm_topic))
    error_message = "`alarm_topic` must be the ARN of a standard SNS topic, got ${coalesce(var.alarm_topic, "null")}; write one such as arn:aws:sns:eu-west-1:111122223333:alarms"
  }
}

variable "verify_login" {
  description = "True to test each new login at its endpoint before it becomes current; if false, the function waits one minute instead"
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "The tags of all resources"
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "acknowledged_warnings" {
  description = "The ids of acknowledged warnings: untestedLogin, lowConcurrency"
  type        = list(string)
  default     = []
  nullable    = false
}
