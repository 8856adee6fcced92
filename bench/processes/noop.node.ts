import { Module } from '@nestjs/common';
import type { JsonObject, StepNodeType } from '../../src/engine/index.js';
import { NodeTypeProvider } from '../../src/modules/nodes/node-type.decorator.js';

const NOTHING: JsonObject = { type: 'object', properties: {}, additionalProperties: false };

/** Does nothing, and says that it has an effect: so it waits for everything before it to be durable. */
@NodeTypeProvider()
export class NoopNode implements StepNodeType {
  readonly type = 'bench.noop';
  readonly category = 'bench';
  readonly description = 'Does nothing.';
  readonly pure = false;
  readonly configSchema = NOTHING;
  readonly inputSchema = NOTHING;
  readonly outputSchema: JsonObject = { type: 'null' };

  async execute(): Promise<null> {
    return null;
  }
}

/** The product has no such node; the bench's server does. */
@Module({ providers: [NoopNode] })
export class NoopModule {}
