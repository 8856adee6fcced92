// The loop of the AI SDK alone: no journal, no budget, no server.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, stepCountIs, tool } from 'ai';

const { serveParent, startParameters } = await import(process.argv[2]);
const { baseURL, turns } = startParameters();
const model = createOpenAICompatible({ name: 'stub', baseURL, apiKey: 'none' }).chatModel('stub');
const tools = {
  step: tool({
    description: 'Does nothing',
    inputSchema: jsonSchema({ type: 'object', properties: { n: { type: 'integer' } } }),
    execute: async () => ({ ok: true }),
  }),
};

serveParent(
  {},
  {
    /** Milliseconds of each run. */
    async round({ runs }) {
      const times = [];
      for (let run = 0; run < runs; run += 1) {
        const startedAt = performance.now();
        const { text } = await generateText({ model, tools, prompt: 'Go', stopWhen: stepCountIs(turns + 1) });
        if (text !== 'done') throw new Error(`said ${text}`);
        times.push(performance.now() - startedAt);
      }
      return times;
    },
  },
);
