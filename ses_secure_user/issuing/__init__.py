"""Parts of the `CredentialIssuer`: the custom resource, the role, the function and its VPC."""
