import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { CircuitBreaker } from './circuit-breaker.js';
import type { ChatMessage, ModelRequest } from './model-call.js';
import type { Capability, ModelBlock } from './model-config.js';
import { ModelsFile } from './models-file.js';
import { costOf, priceOf } from './prices.js';

/** Tokens in and out that costs are compared for. */
const TYPICAL_TOKENS = 1_000;

/** Puts an agent's models into the order in which they are asked. */
@Injectable()
export class Router {
  private readonly turns = new LRUCache<string, number>({ max: 10_000 });

  constructor(
    private readonly breaker: CircuitBreaker,
    private readonly file: ModelsFile,
  ) {}

  async order(request: Pick<ModelRequest, 'tenant' | 'choice' | 'messages' | 'tools' | 'responseSchema'>): Promise<readonly ModelBlock[]> {
    const { tenant, choice } = request;
    const { candidates, routing } = choice;
    switch (routing) {
      case 'quality_first':
        return candidates;
      case 'cost_optimized':
        return byNumber(candidates, (block) => costOf(priceOf(this.file.prices, block), TYPICAL_TOKENS, TYPICAL_TOKENS) ?? Infinity);
      case 'latency_optimized': {
        const latencies = await Promise.all(candidates.map((block) => this.breaker.latency(tenant, block)));
        return byNumber(candidates, (_, index) => latencies[index] ?? 0);
      }
      case 'round_robin':
        return this.rotated(tenant, candidates);
      case 'capability_match': {
        const needed = neededFor(request);
        const able = candidates.filter(
          ({ capabilities }) => capabilities === undefined || needed.every((each) => capabilities.includes(each)),
        );
        return able.length === 0 ? candidates : able;
      }
    }
  }

  private rotated(tenant: string, candidates: readonly ModelBlock[]): readonly ModelBlock[] {
    const key = JSON.stringify([tenant, candidates.map(({ provider, model }) => [provider, model])]);
    const turn = this.turns.get(key) ?? 0;
    this.turns.set(key, turn + 1);
    const first = turn % candidates.length;
    return [...candidates.slice(first), ...candidates.slice(0, first)];
  }
}

/** Equals keep their order. */
function byNumber(candidates: readonly ModelBlock[], of: (block: ModelBlock, index: number) => number): readonly ModelBlock[] {
  return candidates
    .map((block, index) => ({ block, value: of(block, index) }))
    .sort((a, b) => (a.value === b.value ? 0 : a.value - b.value))
    .map(({ block }) => block);
}

function neededFor({ messages, tools, responseSchema }: Pick<ModelRequest, 'messages' | 'tools' | 'responseSchema'>): Capability[] {
  return [
    ...((tools?.length ?? 0) > 0 ? (['tools'] as const) : []),
    ...(responseSchema === undefined ? [] : (['json'] as const)),
    ...(messages.some(hasImage) ? (['vision'] as const) : []),
  ];
}

function hasImage({ content }: ChatMessage): boolean {
  return typeof content !== 'string' && content.some((part) => part.type === 'file' && part.mediaType.startsWith('image'));
}
