variable "stack_name" {
  description = "The CloudFormation stack's name, with which the names of what it makes begin"
  type        = string
  default     = "mail"
}

variable "template_bucket" {
  description = "An S3 bucket of yours, to which the template is uploaded"
  type        = string
}

variable "identity" {
  description = "The verified domain or address to send from"
  type        = string
}

variable "from_addresses" {
  description = "The only From addresses, 1 to 5, exactly as the application writes them"
  type        = list(string)

  validation {
    condition     = length(var.from_addresses) >= 1 && length(var.from_addresses) <= 5
    error_message = "FromAddresses must be 1 to 5 email addresses."
  }
}

variable "configuration_set" {
  description = "The only configuration set that may be used; the identity's default is needed here"
  type        = string
  default     = ""
}

variable "allowed_cidrs" {
  description = "The only public networks to send from; this or allowed_vpc_endpoints is required"
  type        = list(string)
  default     = []
}

variable "allowed_vpc_endpoints" {
  description = "The VPC endpoints for SES SMTP to send through"
  type        = list(string)
  default     = []
}

variable "allowed_recipients" {
  description = "The only recipients, as addresses or *@domain; any if empty"
  type        = list(string)
  default     = []
}

variable "sandbox_recipient" {
  description = "A recipient's identity, which SES authorizes too while the account is in its sandbox"
  type        = string
  default     = ""
}

variable "ses_region" {
  description = "The region of the identity and the endpoint; the provider's if empty"
  type        = string
  default     = ""
}

variable "smtp_host" {
  description = "A FIPS or dual-stack endpoint's name; the region's own endpoint if empty"
  type        = string
  default     = ""
}

variable "smtp_port" {
  description = "465 and 2465: TLS from the first byte; 587 and 2587: STARTTLS"
  type        = number
  default     = 465
}

variable "rotation_days" {
  description = "How many days a login is current; it stays valid for as long again"
  type        = number
  default     = 30
}

variable "user_name" {
  description = "The IAM user's name; generated if empty"
  type        = string
  default     = ""
}

variable "secret_name" {
  description = "The secret's name; generated if empty"
  type        = string
  default     = ""
}

variable "encryption_key" {
  description = "The ARN of the secret's KMS key; aws/secretsmanager if empty"
  type        = string
  default     = ""
}

variable "alarm_topic" {
  description = "The ARN of the SNS topic to notify when a rotation failed; none if empty"
  type        = string
  default     = ""
}

variable "tags" {
  description = "Tags of the stack, which CloudFormation puts on what it makes"
  type        = map(string)
  default     = {}
}
