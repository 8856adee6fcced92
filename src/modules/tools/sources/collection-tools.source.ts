import type { JsonObject } from '../../../engine/index.js';
import { objectOf } from '../../nodes/index.js';
import { type Collection, CollectionsService, SearchService } from '../../rag/index.js';
import { asSteps, RESULTS, toResult } from '../builtin/data/rag-tools.js';
import type { ExecutedTool, Tool, ToolSource, ToolWindow } from '../tool.js';
import { ToolSourceProvider } from '../tool.decorator.js';
import { toolName } from './tool-names.js';

const PREFIX = 'collection';
const INPUT = objectOf(
  { query: { type: 'string', minLength: 1, maxLength: 10_000 }, top_k: { type: 'integer', minimum: 1, maximum: 100, default: 5 } },
  ['query'],
);

/** Every collection of the tenant as a tool that searches it, `collection_<name>`. */
@ToolSourceProvider()
export class CollectionToolsSource implements ToolSource {
  readonly order = 20;
  readonly type = 'collection';

  constructor(
    private readonly collections: CollectionsService,
    private readonly searches: SearchService,
  ) {}

  async list(tenant: string, window: ToolWindow = {}): Promise<readonly Tool[]> {
    const { after = '', limit = Infinity, text = '' } = window;
    return (await this.all(tenant))
      .map((collection) => this.tool(collection))
      .filter(({ name }) => name > after && name.toLowerCase().includes(text.toLowerCase()))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  async find(tenant: string, name: string): Promise<Tool | null> {
    if (!name.startsWith(`${PREFIX}_`)) return null;
    const collection = (await this.all(tenant)).find((each) => toolName(PREFIX, each.name) === name);
    return collection === undefined ? null : this.tool(collection);
  }

  private all(tenant: string): Promise<Collection[]> {
    return this.collections.all(tenant);
  }

  private tool(collection: Collection): ExecutedTool {
    const { name, description } = collection;
    return {
      name: toolName(PREFIX, name),
      description: description === null ? `Searches the collection ${name}.` : `Searches the collection ${name}: ${description}`,
      inputSchema: INPUT,
      outputSchema: RESULTS,
      type: PREFIX,
      access: 'rag.read',
      execute: ({ input, signal }): Promise<JsonObject> =>
        asSteps(async () => {
          const search = {
            query: String(input['query']),
            mode: 'hybrid',
            topK: Number(input['top_k'] ?? 5),
            scoreThreshold: 0,
            rerank: false,
          } as const;
          return { results: (await this.searches.search(collection, search, signal)).map(toResult) };
        }),
    };
  }
}
