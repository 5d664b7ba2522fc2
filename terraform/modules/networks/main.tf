locals {
  byte = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
  # `cidrhost` alone would accept numbers with leading zeros.
  form = "^(?:${local.byte}(?:\\.${local.byte}){3}(?:/(?:[12]?\\d|3[0-2]))?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:/(?:0|[1-9]\\d{0,2}))?)$"

  parts = [for text in var.allowed_cidrs : {
    text    = text
    address = split("/", text)[0]
    bits    = strcontains(text, ":") ? 128 : 32
    cidr    = strcontains(text, "/") ? text : "${text}/${strcontains(text, ":") ? 128 : 32}"
  }]
  malformed = [for one in local.parts : one.text if !(can(regex(local.form, one.text)) && can(cidrhost(one.cidr, 0)))]

  parsed = [for one in local.parts : {
    text    = one.text
    bits    = one.bits
    prefix  = tonumber(split("/", one.cidr)[1])
    address = cidrhost("${one.address}/${one.bits}", 0)
    network = cidrhost(one.cidr, 0)
    # Terraform reads these as IPv4.
    is_mapped = one.bits == 128 && !strcontains(cidrhost(one.cidr, 0), ":")
  } if !contains(local.malformed, one.text)]
  hosts    = [for one in local.parsed : one if one.address != one.network]
  networks = distinct([for one in local.parsed : { bits = one.bits, prefix = one.prefix, network = one.network } if !one.is_mapped])

  # The networks that cannot send on the internet (IANA special-purpose registries), the more specific name first.
  # Documentation networks are not included, because examples use them.
  kinds = [
    { name = "unspecified", cidrs = ["0.0.0.0/8", "::/128"] },
    { name = "private", cidrs = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] },
    { name = "shared", cidrs = ["100.64.0.0/10"] },
    { name = "loopback", cidrs = ["127.0.0.0/8", "::1/128"] },
    { name = "link-local", cidrs = ["169.254.0.0/16", "fe80::/10"] },
    { name = "multicast", cidrs = ["224.0.0.0/4", "ff00::/8"] },
    { name = "benchmarking", cidrs = ["198.18.0.0/15", "2001:2::/48"] },
    { name = "NAT64", cidrs = ["64:ff9b::/96", "64:ff9b:1::/48"] },
    { name = "Teredo", cidrs = ["2001::/32"] },
    { name = "6to4", cidrs = ["192.88.99.0/24", "2002::/16"] },
    { name = "reserved", cidrs = ["192.0.0.0/24", "240.0.0.0/4", "2001::/23", "::/3", "4000::/2", "8000::/1"] },
  ]
  reserved = flatten([for kind in local.kinds : [for cidr in kind.cidrs : {
    kind    = kind.name
    bits    = strcontains(cidr, ":") ? 128 : 32
    prefix  = tonumber(split("/", cidr)[1])
    network = split("/", cidr)[0]
  }]])
  unroutable = concat(
    [for one in local.parsed : "IPv4-mapped addresses, got ${one.text}" if one.is_mapped],
    flatten([for one in local.parsed : [
      for other in local.reserved : "${other.kind} addresses, got ${one.text}"
      if one.bits == other.bits && one.prefix >= other.prefix && try(cidrhost("${one.network}/${other.prefix}", 0) == other.network, false)
    ]])
  )

  # Networks that no other network contains do not overlap.
  merged = [for one in local.networks : one if !anytrue([
    for other in local.networks :
    one != other && one.bits == other.bits && one.prefix >= other.prefix && try(cidrhost("${one.network}/${other.prefix}", 0) == other.network, false)
  ])]

  # So their sizes and those of the reserved networks outside them can be added. `pow` is exact for a power of two.
  everything = distinct(concat(local.networks, [for one in local.reserved : { bits = one.bits, prefix = one.prefix, network = one.network }]))
  apart = [for one in local.everything : one if !anytrue([
    for other in local.everything :
    one != other && one.bits == other.bits && one.prefix >= other.prefix && try(cidrhost("${one.network}/${other.prefix}", 0) == other.network, false)
  ])]
  is_whole = anytrue([for bits in [32, 128] : sum([for one in local.apart : pow(2, bits - one.prefix) if one.bits == bits]) == pow(2, bits)])
}
