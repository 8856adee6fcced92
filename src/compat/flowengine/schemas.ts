import { ANY_OBJECT, COUNT, listOf, objectOf, orNull, type Schema, STRING } from '../kit/index.js';

const ID: Schema = { type: 'string', example: '550e8400-e29b-41d4-a716-446655440000' };

export const HEALTH = objectOf({ status: STRING, version: STRING, service: STRING });
export const WORKFLOW_ITEM = objectOf({ id: ID, name: STRING, description: orNull(STRING), nodes: COUNT, connections: COUNT });
export const CREATED = objectOf({ id: ID, message: STRING });
export const DELETED = objectOf({ message: STRING });
export const EXECUTED = objectOf({ execution_id: ID, completed_nodes: COUNT, total_nodes: COUNT });
export const NODE_TYPE = objectOf({ type: STRING, description: STRING, category: STRING });
export const ERROR = objectOf({ error: STRING });

export const WORKFLOW = objectOf({
  id: ID,
  name: STRING,
  description: orNull(STRING),
  nodes: listOf(
    objectOf({
      id: STRING,
      node_type: STRING,
      name: orNull(STRING),
      config: { ...ANY_OBJECT, description: 'Typed values by name' },
      position: orNull(ANY_OBJECT),
      retry_policy: orNull(
        objectOf({
          max_attempts: COUNT,
          delay_ms: COUNT,
          backoff_multiplier: { type: 'number' },
          max_delay_ms: orNull(COUNT),
          retry_on_timeout: { type: 'boolean' },
        }),
      ),
    }),
  ),
  connections: listOf(objectOf({ from_node: STRING, from_port: STRING, to_node: STRING, to_port: STRING })),
  triggers: listOf(ANY_OBJECT),
  settings: objectOf({
    max_execution_time_ms: orNull(COUNT),
    max_parallel_nodes: COUNT,
    on_error: { oneOf: [{ type: 'string' }, ANY_OBJECT] },
  }),
});
