variable "allowed_cidrs" {
  description = "Networks, IPv4 or IPv6; a bare address means itself"
  type        = list(string)
}
