import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../../platform/http/edge-ws.adapter.js';
import { AgentConversation } from './agent-conversation.js';
import { AgentRunService } from './agent-run.service.js';

/** `/ws/agents/{name}`: questions to an agent and their answers, see `AgentConversation`. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/api/v1/ws/agents', below: true, access: 'runs.create' })
export class AgentsGateway implements OnGatewayConnection {
  constructor(private readonly service: AgentRunService) {}

  handleConnection(socket: WebSocket, request: UpgradeRequest): void {
    AgentConversation.open(this.service, socket, request);
  }
}
