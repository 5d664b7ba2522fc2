output "networks" {
  description = "The networks as `aws:SourceIp` accepts them, without duplicates and networks that another one contains"
  value       = sort([for one in local.merged : "${one.network}/${one.prefix}"])

  precondition {
    condition     = length(local.malformed) == 0
    error_message = "`allowed_cidrs` must contain IPv4 or IPv6 networks, got ${try(local.malformed[0], "")}; write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48"
  }

  precondition {
    condition     = length(local.hosts) == 0
    error_message = "`allowed_cidrs` must contain networks without host bits, got ${try("${local.hosts[0].text}; write ${local.hosts[0].network}/${local.hosts[0].prefix} for the network, ${local.hosts[0].address} for the one address", "")}"
  }

  precondition {
    condition     = length(local.unroutable) == 0
    error_message = "`allowed_cidrs` must contain public networks, because `aws:SourceIp` never contains ${try(local.unroutable[0], "")}; name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`"
  }

  precondition {
    condition     = !local.is_whole
    error_message = "`allowed_cidrs` must not cover the whole internet, got ${join(", ", var.allowed_cidrs)}; name the networks that send mail"
  }
}
