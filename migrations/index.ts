import { CreateCoreTables1764000000000 } from './1764000000000-create-core-tables.js';
import { CreateApprovals1764100000000 } from './1764100000000-create-approvals.js';
import { CreateTriggers1764200000000 } from './1764200000000-create-triggers.js';
import { CreateWebhooks1764200000001 } from './1764200000001-create-webhooks.js';
import { CreateArtifacts1764300000000 } from './1764300000000-create-artifacts.js';
import { PartitionJournal1764300000100 } from './1764300000100-partition-journal.js';
import { CreateWorkflowLimits1764300000200 } from './1764300000200-create-workflow-limits.js';
import { AddVersionOrigins1764300000300 } from './1764300000300-add-version-origins.js';
import { CreateAgents1764300000400 } from './1764300000400-create-agents.js';
import { CreateRag1764400000000 } from './1764400000000-create-rag.js';
import { CreateTools1764500000000 } from './1764500000000-create-tools.js';
import { CreateMemory1764600000000 } from './1764600000000-create-memory.js';
import { AddInternalWorkflows1764600000100 } from './1764600000100-add-internal-workflows.js';
import { AddAgentLifecycle1764600000200 } from './1764600000200-add-agent-lifecycle.js';
import { CreateKv1764600000300 } from './1764600000300-create-kv.js';
import { AddTimeBudgets1764700000000 } from './1764700000000-add-time-budgets.js';
import { AddWebhookFormats1764700000200 } from './1764700000200-add-webhook-formats.js';
import { AddMemoryModels1764700000300 } from './1764700000300-add-memory-models.js';

/** Every migration, oldest first. A file that is not listed here does not run; a test compares the list with the folder. */
export const MIGRATIONS = [
  CreateCoreTables1764000000000,
  CreateApprovals1764100000000,
  CreateTriggers1764200000000,
  CreateWebhooks1764200000001,
  CreateArtifacts1764300000000,
  PartitionJournal1764300000100,
  CreateWorkflowLimits1764300000200,
  AddVersionOrigins1764300000300,
  CreateAgents1764300000400,
  CreateRag1764400000000,
  CreateTools1764500000000,
  CreateMemory1764600000000,
  AddInternalWorkflows1764600000100,
  AddAgentLifecycle1764600000200,
  CreateKv1764600000300,
  AddTimeBudgets1764700000000,
  AddWebhookFormats1764700000200,
  AddMemoryModels1764700000300,
] as const;
