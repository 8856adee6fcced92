import { Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { ConfigModule, loadConfig } from '../../config/index.js';
import type { Json, JsonObject } from '../../engine/model/json.js';
import type { StepNodeType } from '../../engine/ports/node-type.js';
import { NodeTypeProvider } from './node-type.decorator.js';
import { NodeTypeRegistry } from './node-type-registry.js';
import { NodesModule } from './nodes.module.js';

function nodeType(type: string, configSchema: JsonObject = { type: 'object' }): Type<StepNodeType> {
  @NodeTypeProvider()
  class ExtraNode implements StepNodeType {
    readonly type = type;
    readonly category = 'test';
    readonly description = 'test';
    readonly pure = true;
    readonly configSchema = configSchema;
    readonly inputSchema = { type: 'object' };
    readonly outputSchema = {};
    async execute(): Promise<Json> {
      return null;
    }
  }
  return ExtraNode;
}

async function boot(...extra: Type[]): Promise<NodeTypeRegistry> {
  @Module({ providers: extra })
  class ExtraModule {}
  const app = await Test.createTestingModule({ imports: [ConfigModule.with(loadConfig({})), NodesModule, ExtraModule] }).compile();
  await app.init();
  return app.get(NodeTypeRegistry);
}

describe('NodeTypeRegistry', () => {
  it('finds the built-in types and those of other modules, sorted', async () => {
    const registry = await boot(nodeType('test.extra'));
    expect(registry.list().map((each) => each.type)).toEqual([
      'code.javascript',
      'control.fail',
      'debug.log',
      'github.call',
      'http.request',
      'test.extra',
      'time.delay',
      'transform.json_parse',
      'transform.json_stringify',
      'transform.set',
      'workflow.run',
    ]);
    expect(registry.get('test.extra')?.category).toBe('test');
    expect(registry.get('test.absent')).toBeUndefined();
  });

  it.each([
    ['a duplicate', [nodeType('debug.log')], /"debug.log" is provided twice: by DebugLogNode and by ExtraNode/],
    ['a bad name', [nodeType('Nope')], /"Nope" is not a node type name/],
    ['a faulty schema', [nodeType('test.bad', { type: 'nonsense' })], /"test.bad" has a faulty schema/],
    ['a class that is no node type', [hollow()], /Hollow is marked as a node type/],
  ])('refuses to boot on %s', async (_, extra, message) => {
    await expect(boot(...extra)).rejects.toThrow(message);
  });

  it('names every fault of a resolved config by its pointer', async () => {
    const registry = await boot();
    expect(registry.validateResolved('time.delay', { delay_ms: 5 })).toEqual([]);
    expect(registry.validateResolved('time.delay', { delay_ms: 'soon', 'a/b': 1 })).toEqual([
      { path: '/a~1b', code: 'unknown_field', message: 'unknown field "a/b"' },
      { path: '/delay_ms', code: 'type', message: 'must be integer' },
    ]);
    expect(registry.validateResolved('time.delay', {})).toEqual([{ path: '/delay_ms', code: 'required', message: 'is required' }]);
    expect(registry.validateResolvedInputs('debug.log', { extra: 1 })).toHaveLength(1);
  });
});

function hollow(): Type {
  @NodeTypeProvider()
  class Hollow {}
  return Hollow;
}
