export { ToolsModule } from './tools.module.js';
/** Modules contribute tools by decorator, as they do node types. */
export { ToolProvider, ToolSourceProvider } from './tool.decorator.js';
/** Names of tools that belong to something with a name of its own. */
export { sqlToolName, toolName } from './sources/tool-names.js';
export { ToolRegistry } from './tool-registry.js';
/** Shows tools and calls them, for other entrances. */
export { ToolsService } from './tools.service.js';
export type { ToolDto } from './dto/tool.dto.js';
export {
  isRunTool,
  type ExecutedTool,
  type RunTool,
  type Tool,
  type ToolCall,
  type ToolSource,
  type ToolSpec,
  type ToolWindow,
} from './tool.js';
/** Jinja templates, filled in by a thread with limits of time and memory. */
export { renderTemplate } from './builtin/pure/render-template.js';
export { templateFault } from './builtin/pure/template-fault.js';
