import { FlowEngineDebugLog } from './debug-log.node.js';
import { FlowEngineHttpRequest } from './http-request.node.js';
import { NativeNodes } from './native-nodes.js';
import { FlowEngineShellExec } from './shell-exec.node.js';
import { FlowEngineTimeDelay } from './time-delay.node.js';
import { FlowEngineJsonParse, FlowEngineJsonStringify } from './transform-json.node.js';
import {
  FlowEngineApiCall,
  FlowEngineBrowserRender,
  FlowEngineDockerRun,
  FlowEngineZypiExec,
  FlowEngineZypiSessionCreate,
} from './unavailable.node.js';

/** The eleven node types, as providers. */
export const FLOWENGINE_NODES = [
  NativeNodes,
  FlowEngineHttpRequest,
  FlowEngineDebugLog,
  FlowEngineTimeDelay,
  FlowEngineJsonParse,
  FlowEngineJsonStringify,
  FlowEngineShellExec,
  FlowEngineDockerRun,
  FlowEngineApiCall,
  FlowEngineBrowserRender,
  FlowEngineZypiExec,
  FlowEngineZypiSessionCreate,
];
