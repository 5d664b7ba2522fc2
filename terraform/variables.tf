variable "name" {
  description = "The prefix of resource names; each module of an account needs its own"
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,55}$", var.name))
    error_message = "`name` must be 1 to 55 letters, digits and _-, got ${var.name}; write one such as mail"
  }
}

variable "identity" {
  description = "The names of the verified domains or addresses to send from, in this account and region"
  type        = list(string)

  validation {
    condition     = length(var.identity) > 0
    error_message = "`identity` must not be empty, got []; name the verified domain or address to send from"
  }

  validation {
    condition = alltrue(flatten([for one in var.identity : [
      for fault in local.identity_faults : !(can(regex(fault.pattern, lower(one))) == fault.is_wrong)
    ]]))
    error_message = "`identity` must ${try(flatten([for one in var.identity : [
      for fault in local.identity_faults : "${fault.rule}, got ${one == "" || trimspace(one) != one ? "'${one}'" : one}; ${replace(fault.remedy, "NAME", join("@", [split("@", one)[0], lower(try(split("@", one)[1], ""))]))}" if can(regex(fault.pattern, lower(one))) == fault.is_wrong
    ]])[0], "")}"
  }

  validation {
    condition     = length(distinct(var.identity)) == length(var.identity)
    error_message = "`identity` must name each entry once, got ${try([for index, one in var.identity : one if index(tolist(var.identity), one) != index][0], "")} twice; leave one out"
  }
}

variable "from_address" {
  description = "The allowed From addresses, exactly as the application writes them; each must belong to an identity"
  type        = list(string)

  validation {
    condition     = length(var.from_address) > 0
    error_message = "`from_address` must not be empty, got []; name the address that the application sends from"
  }

  validation {
    condition = alltrue(flatten([for one in var.from_address : [
      for fault in local.address_faults : !(can(regex(fault.pattern, one)) == fault.is_wrong)
    ]]))
    error_message = "`from_address` must ${try(flatten([for one in var.from_address : [
      for fault in local.address_faults : "${fault.rule}, got ${one == "" || trimspace(one) != one ? "'${one}'" : one}; ${replace(fault.remedy, "NAME", join("@", [split("@", one)[0], lower(try(split("@", one)[1], ""))]))}" if can(regex(fault.pattern, one)) == fault.is_wrong
    ]])[0], "")}"
  }

  validation {
    condition     = length(distinct(var.from_address)) == length(var.from_address)
    error_message = "`from_address` must name each entry once, got ${try([for index, one in var.from_address : one if index(tolist(var.from_address), one) != index][0], "")} twice; leave one out"
  }

  validation {
    condition = alltrue([for sender in var.from_address : anytrue([
      for one in var.identity : sender == one || endswith(".${try(split("@", sender)[1], "")}", ".${lower(one)}")
    ])])
    error_message = "`from_address` must belong to an `identity`, got ${try([for sender in var.from_address : "${sender}; use an address of ${join(" or ", var.identity)}, or add ${split("@", sender)[1]} to `identity`" if !anytrue([
      for one in var.identity : sender == one || endswith(".${try(split("@", sender)[1], "")}", ".${lower(one)}")
    ])][0], "")}"
  }
}

variable "from_display_name" {
  description = "The allowed display names of the From header, exactly as the application writes them; mail then needs one; any if null"
  type        = list(string)
  default     = null

  validation {
    condition     = try(length(var.from_display_name) > 0, true)
    error_message = "`from_display_name` must not be empty, got []; leave it out to allow every display name"
  }

  validation {
    condition     = alltrue([for one in var.from_display_name == null ? [] : var.from_display_name : !can(regex("\\$\\{", one))])
    error_message = "`from_display_name` must be literal: IAM would replace a policy variable, got ${try([for one in var.from_display_name : one if can(regex("\\$\\{", one))][0], "")}; write the name itself"
  }

  validation {
    condition     = alltrue([for one in var.from_display_name == null ? [] : var.from_display_name : can(regex(local.display_name_form, one))])
    error_message = "`from_display_name` must be 1 to 128 printable ASCII characters without quotes, \\, < and >, got ${try([for one in var.from_display_name : one == "" || trimspace(one) != one ? "'${one}'" : one if !can(regex(local.display_name_form, one))][0], "")}; write one such as Example Shop"
  }

  validation {
    condition     = try(length(distinct(var.from_display_name)) == length(var.from_display_name), true)
    error_message = "`from_display_name` must name each entry once, got ${try([for index, one in var.from_display_name : one if index(tolist(var.from_display_name), one) != index][0], "")} twice; leave one out"
  }
}

variable "allowed_cidrs" {
  description = "The public IPv4 or IPv6 networks to send from; an address without a prefix is one address; this, `allowed_vpc_endpoints` or `allowed_vpcs` is required"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.allowed_cidrs) + length(var.allowed_vpc_endpoints) + length(var.allowed_vpcs) > 0
    error_message = "`allowed_cidrs` must not be empty, got []; name the public networks that send mail, or give `allowed_vpc_endpoints` or `allowed_vpcs`"
  }
}

variable "allowed_vpc_endpoints" {
  description = "The ids of the VPC endpoints for SES SMTP to send through; their traffic has no public address"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.allowed_vpc_endpoints : can(regex("^vpce-[0-9a-f]{8,17}$", one))])
    error_message = "`allowed_vpc_endpoints` must be the id of a VPC endpoint, got ${try([for one in var.allowed_vpc_endpoints : one if !can(regex("^vpce-[0-9a-f]{8,17}$", one))][0], "")}; write one such as vpce-0123456789abcdef0"
  }

  validation {
    condition     = length(distinct(var.allowed_vpc_endpoints)) == length(var.allowed_vpc_endpoints)
    error_message = "`allowed_vpc_endpoints` must name each entry once, got ${try([for index, one in var.allowed_vpc_endpoints : one if index(tolist(var.allowed_vpc_endpoints), one) != index][0], "")} twice; leave one out"
  }
}

variable "allowed_vpcs" {
  description = "The ids of the VPCs to send from through any endpoint for SES SMTP in them"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.allowed_vpcs : can(regex("^vpc-[0-9a-f]{8,17}$", one))])
    error_message = "`allowed_vpcs` must be the id of a VPC, got ${try([for one in var.allowed_vpcs : one if !can(regex("^vpc-[0-9a-f]{8,17}$", one))][0], "")}; write one such as vpc-0123456789abcdef0"
  }

  validation {
    condition     = length(distinct(var.allowed_vpcs)) == length(var.allowed_vpcs)
    error_message = "`allowed_vpcs` must name each entry once, got ${try([for index, one in var.allowed_vpcs : one if index(tolist(var.allowed_vpcs), one) != index][0], "")} twice; leave one out"
  }
}

variable "allowed_recipients" {
  description = "The allowed recipients, as addresses or *@domain; any if null"
  type        = list(string)
  default     = null

  validation {
    condition     = var.allowed_recipients == null || try(length(var.allowed_recipients) > 0, true)
    error_message = "`allowed_recipients` must not be empty, got []; leave it out to allow every recipient"
  }

  validation {
    condition = alltrue(flatten([for one in(var.allowed_recipients == null ? [] : var.allowed_recipients) : [
      for fault in local.recipient_faults : !(can(regex(fault.pattern, one)) == fault.is_wrong)
    ]]))
    error_message = "`allowed_recipients` must ${try(flatten([for one in(var.allowed_recipients == null ? [] : var.allowed_recipients) : [
      for fault in local.recipient_faults : "${fault.rule}, got ${one == "" || trimspace(one) != one ? "'${one}'" : one}; ${replace(fault.remedy, "NAME", join("@", [split("@", one)[0], lower(try(split("@", one)[1], ""))]))}" if can(regex(fault.pattern, one)) == fault.is_wrong
    ]])[0], "")}"
  }

  validation {
    condition     = length(distinct((var.allowed_recipients == null ? [] : var.allowed_recipients))) == length((var.allowed_recipients == null ? [] : var.allowed_recipients))
    error_message = "`allowed_recipients` must name each entry once, got ${try([for index, one in(var.allowed_recipients == null ? [] : var.allowed_recipients) : one if index(tolist((var.allowed_recipients == null ? [] : var.allowed_recipients)), one) != index][0], "")} twice; leave one out"
  }
}

variable "feedback_address" {
  description = "The allowed Return-Path; any if null"
  type        = string
  default     = null

  validation {
    condition = alltrue(flatten([for one in var.feedback_address[*] : [
      for fault in local.address_faults : !(can(regex(fault.pattern, one)) == fault.is_wrong)
    ]]))
    error_message = "`feedback_address` must ${try(flatten([for one in var.feedback_address[*] : [
      for fault in local.address_faults : "${fault.rule}, got ${one == "" || trimspace(one) != one ? "'${one}'" : one}; ${replace(fault.remedy, "NAME", join("@", [split("@", one)[0], lower(try(split("@", one)[1], ""))]))}" if can(regex(fault.pattern, one)) == fault.is_wrong
    ]])[0], "")}"
  }
}

variable "configuration_set" {
  description = "The name of the allowed configuration set; required if an identity has a default set; none if null"
  type        = string
  default     = null

  validation {
    condition     = var.configuration_set == null || can(regex("^[A-Za-z0-9_-]{1,64}$", var.configuration_set))
    error_message = "`configuration_set` must be the name of one configuration set (1 to 64 letters, digits, - and _), got ${try(coalesce(var.configuration_set), "''")}; write its name alone, such as transactional"
  }
}

variable "sandbox_recipients" {
  description = "The identities of recipients, which SES also authorizes while the account is in the sandbox"
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue(flatten([for one in var.sandbox_recipients : [
      for fault in local.identity_faults : !(can(regex(fault.pattern, lower(one))) == fault.is_wrong)
    ]]))
    error_message = "`sandbox_recipients` must ${try(flatten([for one in var.sandbox_recipients : [
      for fault in local.identity_faults : "${fault.rule}, got ${one == "" || trimspace(one) != one ? "'${one}'" : one}; ${replace(fault.remedy, "NAME", join("@", [split("@", one)[0], lower(try(split("@", one)[1], ""))]))}" if can(regex(fault.pattern, lower(one))) == fault.is_wrong
    ]])[0], "")}"
  }

  validation {
    condition     = length(distinct(var.sandbox_recipients)) == length(var.sandbox_recipients)
    error_message = "`sandbox_recipients` must name each entry once, got ${try([for index, one in var.sandbox_recipients : one if index(tolist(var.sandbox_recipients), one) != index][0], "")} twice; leave one out"
  }
}

variable "valid_until" {
  description = "The time at which the login expires, in UTC, such as 2027-01-31T00:00:00Z; never if null"
  type        = string
  default     = null

  validation {
    condition     = var.valid_until == null || can(regex("^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$", var.valid_until))
    error_message = "`valid_until` must be a moment in UTC, got ${try(coalesce(var.valid_until), "''")}; write one such as 2027-01-31T00:00:00Z"
  }
}

variable "ses_region" {
  description = "The region of the identity and the endpoint; the region of the provider if null"
  type        = string
  default     = null

  validation {
    condition     = var.ses_region == null || can(regex(local.region_form, var.ses_region))
    error_message = "`ses_region` must be the name of a region, got ${try(coalesce(var.ses_region), "''")}; write one such as eu-west-1"
  }
}

variable "smtp_host" {
  description = "The name of a FIPS, dual-stack or VPC endpoint of SES in that region, not of a CNAME or relay, because the login is sent to no other host; email-smtp.REGION.amazonaws.com if null"
  type        = string
  default     = null

  validation {
    condition     = var.smtp_host == null || can(regex(local.host_form, var.smtp_host))
    error_message = "`smtp_host` must be the name of an SMTP endpoint of SES, because the login is sent to no other host, got ${try(coalesce(var.smtp_host), "''")}; write one such as email-smtp.eu-west-1.amazonaws.com, without scheme and port, or leave it out for the region's own; a CNAME or a relay is none"
  }
}

variable "smtp_port" {
  description = "The port of the endpoint: 465 and 2465 start TLS immediately, and 25, 587 and 2587 use STARTTLS; 25 requires an issuer that does not test logins"
  type        = number
  default     = 465
  nullable    = false

  validation {
    condition     = contains([25, 465, 587, 2465, 2587], var.smtp_port)
    error_message = "`smtp_port` must be one that SES offers, got ${var.smtp_port}; write one of 25, 465, 587, 2465, 2587"
  }

  validation {
    condition     = var.smtp_port != 25 || !try(var.issuer.verify_login, true)
    error_message = "`smtp_port` must be one that Lambda may open, to test the login, got ${var.smtp_port}; write 587, or give an `issuer` with verify_login = false"
  }
}

variable "rotation_interval" {
  description = "The time for which a login is current, such as 30 days or 12 hours, from 4 hours to 999 days; it then stays valid for one more interval; no rotation if null"
  type        = string
  default     = "30 days"

  validation {
    condition = var.rotation_interval == null || try(
      contains(range(1, 1000), tonumber(regex("^(\\d+) days$", var.rotation_interval)[0])),
      tonumber(regex("^(\\d+) hours$", var.rotation_interval)[0]) >= 4 && tonumber(regex("^(\\d+) hours$", var.rotation_interval)[0]) <= 999 * 24,
      false,
    )
    error_message = "`rotation_interval` must be whole hours, at least 4 and at most 999 days, got ${try(coalesce(var.rotation_interval), "''")}; write one such as 30 days"
  }
}

variable "encryption_key" {
  description = "The ARN of the KMS key, not of an alias, that encrypts the secret; aws/secretsmanager if null"
  type        = string
  default     = null

  validation {
    condition     = var.encryption_key == null || can(regex(local.key_arn, var.encryption_key))
    error_message = "`encryption_key` must be the ARN of a key, since IAM allows the use of keys and not of aliases, got ${try(coalesce(var.encryption_key), "''")}; write one such as arn:aws:kms:eu-west-1:111122223333:key/…"
  }
}

variable "user_name" {
  description = "The name of the IAM user; generated if null"
  type        = string
  default     = null

  validation {
    condition     = var.user_name == null || can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.user_name))
    error_message = "`user_name` must be 1 to 64 letters, digits and _+=,.@-, got ${try(coalesce(var.user_name), "''")}; leave it out to have one generated"
  }
}

variable "user_path" {
  description = "The path of the IAM user, such as /mail/, for accounts that allow users only below a path; it can be changed"
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/(?:[A-Za-z0-9_+=,.@/-]{1,510}/)?$", var.user_path))
    error_message = "`user_path` must be /, or letters, digits and _+=,.@/- between two slashes, such as /mail/, at most 512 characters, got ${var.user_path == "" ? "''" : var.user_path}; leave it out for /"
  }
}

variable "secret_name" {
  description = "The name of the secret, at most 183 characters because a tag of the user holds its ARN; generated if null"
  type        = string
  default     = null

  validation {
    condition     = var.secret_name == null || can(regex("^[A-Za-z0-9/_+=.@-]{1,183}$", var.secret_name))
    error_message = "`secret_name` must be 1 to 183 letters, digits and /_+=.@-, because a tag of the user contains its ARN, got ${try(coalesce(var.secret_name), "''")}; leave it out to have one generated"
  }
}

variable "secret_fields" {
  description = "Additional names for the secret's fields, such as { username = \"SMTP_USERNAME\" }; port_text is the port as text; limited by a tag of 256 characters"
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for field in keys(var.secret_fields) : contains(local.named_fields, field)])
    error_message = "`secret_fields` must rename known fields, got ${try([for field in keys(var.secret_fields) : field if !contains(local.named_fields, field)][0], "")}; write one of ${join(", ", local.named_fields)}"
  }

  validation {
    condition     = alltrue([for name in values(var.secret_fields) : can(regex("^[A-Za-z0-9_.-]+$", name))])
    error_message = "`secret_fields` must name fields with letters, digits and _.-, got ${try([for name in values(var.secret_fields) : name == "" ? "''" : name if !can(regex("^[A-Za-z0-9_.-]+$", name))][0], "")}; write one such as SMTP_USERNAME"
  }

  validation {
    condition     = length(distinct(concat(local.secret_fields, values(var.secret_fields)))) == length(local.secret_fields) + length(var.secret_fields)
    error_message = "`secret_fields` must give each field a name of its own, got ${join(", ", values(var.secret_fields))}; rename one of them"
  }

  validation {
    condition     = length(join(" ", [for field, name in var.secret_fields : "${field}=${name}"])) <= 256
    error_message = "`secret_fields` must fit into the 256 characters of a tag, each as ${try(keys(var.secret_fields)[0], "")}=NAME with a blank between, got ${length(join(" ", [for field, name in var.secret_fields : "${field}=${name}"]))} characters; shorten the names, or leave some out"
  }
}

variable "replica_regions" {
  description = "Other regions with a replica of the secret, each with the optional ARN of a KMS key"
  type        = list(object({ region = string, encryption_key = optional(string) }))
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.replica_regions : can(regex(local.region_form, one.region))])
    error_message = "`replica_regions` must be the name of a region, got ${try([for one in var.replica_regions : one.region if !can(regex(local.region_form, one.region))][0], "")}; write one such as eu-west-1"
  }

  validation {
    condition     = length(distinct(var.replica_regions[*].region)) == length(var.replica_regions)
    error_message = "`replica_regions` must name each region once, got ${join(", ", var.replica_regions[*].region)}; leave one out"
  }

  validation {
    condition     = alltrue([for one in var.replica_regions : one.encryption_key == null || can(regex(local.key_arn, one.encryption_key))])
    error_message = "`replica_regions` must have ARNs of keys, not of aliases; write one such as arn:aws:kms:eu-central-1:111122223333:key/…"
  }

  validation {
    condition     = alltrue([for one in var.replica_regions : try(split(":", one.encryption_key)[3] == one.region, true)])
    error_message = "`replica_regions` must have the key of a region there, got ${try([for one in var.replica_regions : "one of ${split(":", one.encryption_key)[3]} for ${one.region}" if split(":", one.encryption_key)[3] != one.region][0], "")}; name a key of that region"
  }
}

variable "issuer" {
  description = "The function that issues the login: an output of the module `modules/issuer` in the same account and region; a new one if null"
  type = object({
    function_name = string
    function_arn  = string
    role_name     = string
    verify_login  = bool
  })
  default = null
}

variable "tags" {
  description = "The tags of all resources; those of the secret are set only at its creation"
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "acknowledged_warnings" {
  description = "The ids of acknowledged warnings: wideNetwork, upperCaseLocalPart, unknownRegion, noRotation, longRotation"
  type        = list(string)
  default     = []
  nullable    = false
}
