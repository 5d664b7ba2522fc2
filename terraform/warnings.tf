# Warnings of valid but risky inputs. An id in `acknowledged_warnings` removes a warning.
check "wide_network" {
  assert {
    condition = contains(var.acknowledged_warnings, "wideNetwork") || alltrue([
      for one in local.networks : tonumber(split("/", one)[1]) >= (strcontains(one, ":") ? 32 : 16)
    ])
    error_message = "`allowed_cidrs` contains a network wider than /16 (IPv6: /32), and everyone there can use a stolen login: ${join(", ", [for one in local.networks : one if tonumber(split("/", one)[1]) < (strcontains(one, ":") ? 32 : 16)])}; name the smallest network that sends mail"
  }
}

check "upper_case_local_part" {
  assert {
    condition     = contains(var.acknowledged_warnings, "upperCaseLocalPart") || !can(regex("[A-Z][^,]*@", join(",", var.from_address)))
    error_message = "`from_address` has upper case before the @ of ${join(" or ", [for one in var.from_address : one if can(regex("[A-Z].*@", one))])}, and SES compares case; the application must write it exactly so"
  }
}

check "unknown_region" {
  assert {
    condition     = contains(var.acknowledged_warnings, "unknownRegion") || contains(local.smtp_regions, local.region)
    error_message = "`ses_region` ${local.region} is not known to have an SES SMTP endpoint; where it has none, AWS's way to send over SMTP is an ingress endpoint of Mail Manager (https://docs.aws.amazon.com/ses/latest/dg/eb-ingress.html)"
  }
}

check "no_rotation" {
  assert {
    condition     = contains(var.acknowledged_warnings, "noRotation") || var.rotation_interval != null
    error_message = "`rotation_interval` is null, so a leaked login stays valid until you revoke it"
  }
}

check "long_rotation" {
  assert {
    condition     = contains(var.acknowledged_warnings, "longRotation") || try(tonumber(split(" ", var.rotation_interval)[0]) * (endswith(var.rotation_interval, "days") ? 24 : 1) <= 45 * 24, true)
    error_message = "`rotation_interval` is ${coalesce(var.rotation_interval, "null")}, and a key lives for two of them: longer than the 90 days that CIS and Security Hub's IAM.3 allow"
  }
}
