# The forms of names, for the validation of variables.
locals {
  local_part        = "[A-Za-z0-9!#$%&'+/=^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'+/=^_`{|}~-]+)*"
  label             = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
  domain            = "(?:${local.label}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
  key_arn           = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:key/[A-Za-z0-9-]+$"
  display_name_form = "^[!#-;=?-\\[\\]-~](?:[ !#-;=?-\\[\\]-~]{0,126}[!#-;=?-\\[\\]-~])?$"
  region_form       = "^[a-z][a-z0-9]*(?:-[a-z0-9]+)*-(?:[a-z]+|\\d+)$"

  identity_form  = "^(?:${local.local_part}@)?${local.domain}$"
  address_form   = "^${local.local_part}@${local.domain}$"
  recipient_form = "^(?:${local.local_part}|\\*)@${local.domain}$"
  too_long       = "^[^@]{65,}@|[^@]{254,}$"

  # The rules for names, in order. A rule is broken if its pattern matches, or if it does not match.
  faults = [
    { pattern = "^\\s*$", is_wrong = true, rule = "not be empty", remedy = "leave it out or write one" },
    { pattern = "[<>]", is_wrong = true, rule = "be without a display name", remedy = "write only what stands between < and >" },
    { pattern = "\\$\\{", is_wrong = true, rule = "be literal: IAM would replace a policy variable", remedy = "write the value itself" },
    { pattern = "[^\\x00-\\x7f].*@", is_wrong = true, rule = "be ASCII before the @: SES supports no other addresses", remedy = "use an ASCII address" },
    { pattern = "\\.$", is_wrong = true, rule = "not end with a dot", remedy = "leave the dot out" },
    { pattern = "[^\\x00-\\x7f][^@]*$", is_wrong = true, rule = "have its domain in ASCII", remedy = "write the punycode (xn--…) yourself" },
  ]
  wildcards = [
    { pattern = "[*?]", is_wrong = true, rule = "be without wildcards", remedy = "write each one out" },
  ]
  identity_faults = concat(local.wildcards, local.faults, [
    { pattern = local.too_long, is_wrong = true, rule = "be a domain or an email address", remedy = "write one such as example.com or noreply@example.com" },
    { pattern = local.identity_form, is_wrong = false, rule = "be a domain or an email address", remedy = "write one such as example.com or noreply@example.com" },
  ])
  case_fault = [
    { pattern = "@.*[A-Z]", is_wrong = true, rule = "have its domain in lower case: SES compares case", remedy = "write NAME everywhere" },
  ]
  address_faults = concat(local.wildcards, local.faults, local.case_fault, [
    { pattern = local.too_long, is_wrong = true, rule = "be an email address", remedy = "write one such as noreply@example.com" },
    { pattern = local.address_form, is_wrong = false, rule = "be an email address", remedy = "write one such as noreply@example.com" },
  ])
  recipient_faults = concat(local.faults, local.case_fault, [
    { pattern = local.too_long, is_wrong = true, rule = "be an email address or *@ and a domain", remedy = "write one such as person@example.com or *@example.com" },
    { pattern = local.recipient_form, is_wrong = false, rule = "be an email address or *@ and a domain", remedy = "write one such as person@example.com or *@example.com" },
  ])

  # The names of SES's SMTP endpoints: public, FIPS, dual-stack and VPC endpoints, in every partition.
  host_suffixes = [
    "amazonaws.com", "api.aws", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "amazonaws.eu",
    "api.amazonwebservices.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov",
  ]
  host_form = "^(?:email-smtp(?:-fips)?\\.([a-z0-9-]+)|(?:[a-z0-9-]+\\.)+email-smtp(?:-fips)?\\.([a-z0-9-]+)\\.vpce)\\.(?:${join("|", [for one in local.host_suffixes : replace(one, ".", "\\.")])})$"

  secret_fields = ["username", "password", "host", "port", "region", "iam_user", "url"]
  named_fields  = concat(local.secret_fields, ["port_text"])

  # The regions with an SES SMTP endpoint in 2026 (https://docs.aws.amazon.com/general/latest/gr/ses.html).
  smtp_regions = [
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
  ]
}
