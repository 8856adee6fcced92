export { AgentsModule } from './agents.module.js';
/** Agents and what is asked of them, for other entrances. */
export { AgentsService } from './agents.service.js';
export { AgentRunService, type AskAgent } from './running/agent-run.service.js';
export { RunPrompts } from './running/run-prompts.service.js';
export { AgentConversation, type ConversationMessage } from './running/agent-conversation.js';
export type { AgentDefinition } from './definition/agent-definition.js';
export type { AgentDetailDto } from './dto/agent.dto.js';
export type { AgentAnswerDto } from './dto/run-agent.dto.js';
