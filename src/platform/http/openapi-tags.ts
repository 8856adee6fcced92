/** The groups of the document. A route's `@ApiTags` names one of them. */
export const TAGS: Readonly<Record<string, string>> = {
  auth: 'API keys, and who the caller is',
  events: 'What happens, as it happens',
  health: 'Whether the server lives and can serve',
  'node-types': 'What a workflow can be made of',
  runs: 'Executions of workflows: start, watch, cancel',
  workflows: 'Definitions and their versions',
};
