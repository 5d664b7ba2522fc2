"""CloudFormation: stacks, custom resources, parameters, references and the execution role."""
