"""CloudFormation as AWS has it: stacks, custom resources, parameters, references, the execution role."""
