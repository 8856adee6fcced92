export { ToolsModule } from './tools.module.js';
/** Modules contribute tools by decorator, as they do node types. */
export { ToolProvider, ToolSourceProvider } from './tool.decorator.js';
export { ToolRegistry } from './tool-registry.js';
export { isRunTool, type ExecutedTool, type RunTool, type Tool, type ToolCall, type ToolSource, type ToolSpec } from './tool.js';
