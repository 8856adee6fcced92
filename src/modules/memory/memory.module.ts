import { Module } from '@nestjs/common';
import { EmbeddingsModule } from '../embeddings/index.js';
import { RunsModule } from '../runs/index.js';
import { AgentMemory } from './agent-memory.js';
import { EntryStore } from './entry.store.js';
import { Erasure } from './erasure.js';
import { MemoryController } from './memory.controller.js';
import { MemoryLoop } from './memory-loop.js';
import { MemoryService } from './memory.service.js';
import { RunsOfMemory } from './runs-of-memory.js';
import { SemanticMemory } from './semantic-memory.js';
import { SessionStore } from './session.store.js';
import { SessionTurns } from './session-turns.js';
import { StoredMemory } from './stored-memory.js';
import { TurnRemoval } from './turn-removal.js';

/** What agents remember: conversations, and texts that are found by meaning. */
@Module({
  imports: [EmbeddingsModule, RunsModule],
  controllers: [MemoryController],
  providers: [
    SessionStore,
    SessionTurns,
    EntryStore,
    SemanticMemory,
    Erasure,
    RunsOfMemory,
    MemoryService,
    MemoryLoop,
    TurnRemoval,
    StoredMemory,
    { provide: AgentMemory, useExisting: StoredMemory },
  ],
  exports: [AgentMemory, MemoryService],
})
export class MemoryModule {}
