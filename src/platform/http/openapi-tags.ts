/** The groups of the document. A route's `@ApiTags` names one of them. */
export const TAGS: Readonly<Record<string, string>> = {
  agents: 'Agents and their versions, and what is asked of them',
  approvals: 'What runs ask people, and their decisions',
  artifacts: 'Files that runs leave',
  auth: 'API keys, and who the caller is',
  events: 'What happens, as it happens',
  health: 'Whether the server lives and can serve',
  jobs: 'Workflows as jobs: what they take and consist of',
  memory: 'What agents remember: conversations, and facts found by meaning',
  'node-types': 'What a workflow can be made of',
  rag: 'Collections of documents, found by meaning and by words',
  runs: 'Executions of workflows: start, watch, cancel',
  system: 'The installation: what it is, how it is doing, what is wrong with it',
  tools: 'What agents can do besides talking: tools, where they come from, and calling them',
  triggers: 'What starts runs by itself: time, calls from outside, events',
  webhooks: 'Who is told of events, and whether they heard',
  workflows: 'Definitions and their versions',
};
