import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { entrancesOf } from './support/entrances.js';
import { FlowEngineClient, type FlowEngineWorld, GITHUB_ZEN, startWorld } from './support/flowengine.js';
import { row } from './support/rows.js';
import { bash, hasPython, javascript, python } from './support/snippets.js';

let world: FlowEngineWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

describe.each(entrancesOf('flowengine'))('FlowEngine %s', (_where, urlOf) => {
  let flow: FlowEngineClient;
  let zen: string;

  beforeAll(() => {
    flow = new FlowEngineClient(urlOf(world.server), undefined);
    zen = world.zen;
  });

  row('snippets', 'the curl commands as they stand', async () => {
    const output = await bash(`
      cd $(mktemp -d); ln -s ${dirname(GITHUB_ZEN)} examples; trap 'rm -r "$PWD"' EXIT
      curl -s ${flow.url}/health
      WORKFLOW_ID=$(curl -s -X POST ${flow.url}/api/workflows \\
      -H "Content-Type: application/json" \\
      -d @examples/github_zen.json | jq -r .id)
      curl -s -X POST ${flow.url}/api/workflows/$WORKFLOW_ID/execute \\
      -H "Content-Type: application/json" \\
      -d '{
      "inputs": {
      "url": {
      "type": "String",
      "value": "${zen}"
      }
      }
      }'
      curl -s ${flow.url}/api/workflows`);
    expect(output).toContain('"status":"healthy"');
    expect(output).toContain('"completed_nodes":2,"total_nodes":2');
    expect(output).toContain('"name":"GitHub Zen"');
  });

  row('snippets', 'the JavaScript as it stands, events and all', async () => {
    const output = await javascript(`
      import { readFileSync } from 'node:fs';
      const workflowDefinition = JSON.parse(readFileSync('${GITHUB_ZEN}', 'utf8'));
      const ws = new WebSocket('${flow.url.replace('http', 'ws')}/api/events');
      ws.onmessage = (event) => {
      const data = JSON.parse(event.data);
      switch(data.type) {
      case 'WorkflowStarted':
      console.log('Workflow started:', data.workflow_id);
      break;
      case 'NodeStarted':
      console.log('Node started:', data.node_type);
      break;
      case 'NodeCompleted':
      console.log('Node completed in', data.duration_ms, 'ms');
      break;
      case 'NodeEvent':
      if (data.event.event_type === 'Info') {
      console.log('Info:', data.event.message);
      }
      break;
      case 'WorkflowCompleted':
      console.log('Workflow completed!', data.success ? '✓' : '✗');
      break;
      }
      };
      ws.onopen = () => console.log('Connected to event stream');
      ws.onerror = (error) => console.error('WebSocket error:', error);
      await new Promise((resolve) => ws.addEventListener('open', resolve));
      ws.addEventListener('message', ({ data }) => JSON.parse(data).type === 'WorkflowCompleted' && ws.close());

      // Create workflow
      const workflow = await fetch('${flow.url}/api/workflows', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(workflowDefinition)
      });
      const { id: workflowId } = await workflow.json();
      // Execute workflow
      const execution = await fetch(\`${flow.url}/api/workflows/\${workflowId}/execute\`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
      inputs: {
      url: { type: 'String', value: '${zen}' }
      }
      })
      });
      const result = await execution.json();
      console.log(\`Execution \${result.execution_id} completed\`);`);
    for (const line of [
      'Connected to event stream',
      'Workflow started: 8f14e45f-ceea-467f-9d53-2c1f6b6a2f11',
      'Node started: http.request',
      `Info: GET ${zen}`,
    ]) {
      expect(output).toContain(`${line}\n`);
    }
    expect(output).toMatch(/Execution [0-9a-f-]{36} completed/);
    expect(output).toContain('Workflow completed! ✓');
  });

  row('snippets', 'the Python, through requests where it is installed, else through urllib', async () => {
    if (!(await hasPython())) return;
    const viaRequests = `import requests
import json
# Create workflow
with open('${GITHUB_ZEN}') as f:
    workflow = json.load(f)
response = requests.post(
    '${flow.url}/api/workflows',
    json=workflow
)
workflow_id = response.json()['id']
# Execute workflow
execution = requests.post(
    f'${flow.url}/api/workflows/{workflow_id}/execute',
    json={
        'inputs': {
            'url': {
                'type': 'String',
                'value': '${zen}'
            }
        }
    }
)
result = execution.json()
print(f"Execution {result['execution_id']} completed")
print(f"Nodes: {result['completed_nodes']}/{result['total_nodes']}")
`;
    const viaUrllib = `import json, urllib.request
def post(url, value):
    request = urllib.request.Request(url, json.dumps(value).encode(), {'Content-Type': 'application/json'})
    return json.load(urllib.request.urlopen(request))
with open('${GITHUB_ZEN}') as f:
    workflow = json.load(f)
workflow_id = post('${flow.url}/api/workflows', workflow)['id']
result = post(f'${flow.url}/api/workflows/{workflow_id}/execute', {'inputs': {'url': {'type': 'String', 'value': '${zen}'}}})
print(f"Execution {result['execution_id']} completed")
print(f"Nodes: {result['completed_nodes']}/{result['total_nodes']}")
`;
    expect(await python((await hasPython('requests')) ? viaRequests : viaUrllib)).toContain('Nodes: 2/2');
  });
});
