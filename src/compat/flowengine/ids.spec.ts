import { describe, expect, it } from 'vitest';
import { idOfName, nameOfId, nativeNodeId, nodeIdOf } from './ids.js';

const UUID = '550e8400-e29b-41d4-a716-446655440000';

describe('workflows', () => {
  it.each([
    [UUID, `flowengine/${UUID}`],
    ['my_flow.v2', 'flowengine/my_flow.v2'],
    ['hex', 'flowengine/hex'],
    ['a/b c', 'flowengine/hex/612f622063'],
    ['-x', 'flowengine/hex/2d78'],
    ['größe', 'flowengine/hex/6772c3b6c39f65'],
  ])('%s is named %s, both ways', (id, name) => {
    expect(nameOfId(id)).toBe(name);
    expect(idOfName(name)).toBe(id);
  });

  it.each(['', 'ü'.repeat(40)])('"%s" can be no id', (id) => {
    expect(nameOfId(id)).toBeNull();
  });

  it.each(['demo/now', 'flowengine/hex/6', 'flowengine/a/b', 'flowengines/x', UUID])('%s did not come through this API', (name) => {
    expect(idOfName(name)).toBeNull();
  });
});

describe('nodes', () => {
  it.each([
    ['node-1', 'node-1'],
    [UUID, '_3550e8400-e29b-41d4-a716-446655440000'],
    ['a_b', 'a_5fb'],
    ['_35', '_5f35'],
    ['-', '_2d'],
    ['fetch page', 'fetch_20page'],
    ['größe 📏', 'gr_c3_b6_c3_9fe_20_f0_9f_93_8f'],
  ])('%s is %s, both ways', (id, native) => {
    expect(nativeNodeId(id)).toBe(native);
    expect(native).toMatch(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/);
    expect(nodeIdOf(native)).toBe(id);
  });

  it.each(['', 'x'.repeat(65), '/'.repeat(22)])('"%s" can be no id', (id) => {
    expect(nativeNodeId(id)).toBeNull();
  });
});
