/** A vertex: an id and the ids it depends on. */
export interface Vertex {
  readonly id: string;
  readonly needs: readonly string[];
}

export interface Topology {
  /** Ids so that each comes after all it needs; nodes on or behind a cycle are missing. */
  readonly order: readonly string[];
  /** The same by depth: level 0 needs nothing. */
  readonly levels: readonly (readonly string[])[];
  /** One path per cycle, first and last id equal. */
  readonly cycles: readonly (readonly string[])[];
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  /** Whether `id` transitively needs `other`. False for nodes on or behind a cycle. */
  isUpstream(id: string, other: string): boolean;
}

/** Sorts a graph. Ids are unique and every need exists; linear in nodes and edges. */
export function sortGraph(vertices: readonly Vertex[]): Topology {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const dependents = new Map<string, string[]>(vertices.map((vertex) => [vertex.id, []]));
  const waiting = new Map<string, number>();
  for (const { id, needs } of vertices) {
    waiting.set(id, needs.length);
    for (const need of needs) dependents.get(need)?.push(id);
  }

  const levels: string[][] = [];
  let level = vertices.filter((vertex) => vertex.needs.length === 0).map((vertex) => vertex.id);
  while (level.length > 0) {
    levels.push(level);
    const next: string[] = [];
    for (const id of level) {
      for (const dependent of dependents.get(id) ?? []) {
        const left = (waiting.get(dependent) ?? 0) - 1;
        waiting.set(dependent, left);
        if (left === 0) next.push(dependent);
      }
    }
    level = next;
  }
  const order = levels.flat();
  const cycles =
    order.length === vertices.length
      ? []
      : findCycles(
          vertices.filter(({ id }) => (waiting.get(id) ?? 0) > 0),
          byId,
        );
  return { order, levels, cycles, dependents, isUpstream: upstreamTest(order, byId) };
}

/** Walks needs depth first without recursion; every edge back into the current path closes a cycle. */
function findCycles(remaining: readonly Vertex[], byId: ReadonlyMap<string, Vertex>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const candidates = new Set(remaining.map((vertex) => vertex.id));
  for (const start of remaining) {
    const path: { readonly id: string; next: number }[] = [{ id: start.id, next: 0 }];
    const onPath = new Map([[start.id, 0]]);
    while (path.length > 0) {
      const top = path[path.length - 1] as { id: string; next: number };
      const need = done.has(top.id) ? undefined : byId.get(top.id)?.needs[top.next++];
      if (need === undefined) {
        done.add(top.id);
        onPath.delete(top.id);
        path.pop();
      } else if (onPath.has(need)) {
        cycles.push([...path.slice(onPath.get(need)).map((entry) => entry.id), need]);
      } else if (candidates.has(need) && !done.has(need)) {
        onPath.set(need, path.length);
        path.push({ id: need, next: 0 });
      }
    }
  }
  return cycles;
}

/** One bit per node and ancestor: 12 MB for 10,000 nodes, and made only when asked. */
function upstreamTest(order: readonly string[], byId: ReadonlyMap<string, Vertex>): (id: string, other: string) => boolean {
  let rows: Map<string, Uint32Array> | undefined;
  const position = new Map(order.map((id, index) => [id, index]));
  const build = () => {
    const words = (order.length + 31) >>> 5;
    const built = new Map<string, Uint32Array>();
    for (const id of order) {
      const row = new Uint32Array(words);
      for (const need of byId.get(id)?.needs ?? []) {
        const ancestors = built.get(need);
        const bit = position.get(need);
        if (ancestors === undefined || bit === undefined) continue;
        for (let word = 0; word < words; word++) row[word] = (row[word] as number) | (ancestors[word] as number);
        row[bit >>> 5] = (row[bit >>> 5] as number) | (1 << (bit & 31));
      }
      built.set(id, row);
    }
    return built;
  };
  return (id, other) => {
    const bit = position.get(other);
    if (bit === undefined) return false;
    const row = (rows ??= build()).get(id);
    return row !== undefined && ((row[bit >>> 5] as number) & (1 << (bit & 31))) !== 0;
  };
}
