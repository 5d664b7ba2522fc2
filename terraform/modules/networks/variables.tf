variable "allowed_cidrs" {
  description = "IPv4 or IPv6 networks; an address without a prefix is one address"
  type        = list(string)
}
