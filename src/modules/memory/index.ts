export { MemoryModule } from './memory.module.js';
/** What agents remember: the port that the agent loop uses. */
export {
  AgentMemory,
  sessionSignal,
  type DueSummary,
  type MemoryMessage,
  type MemorySettings,
  type MemoryTurn,
  type RememberedContext,
} from './agent-memory.js';
/** What agents remember, as the API shows it: for other entrances. */
export { MemoryService } from './memory.service.js';
