import { type OnGatewayConnection, WebSocketGateway } from '@nestjs/websockets';
import type { WebSocket } from 'ws';
import { MAX_BUS_MESSAGE, MessageBus } from '../../modules/bus/index.js';
import type { EdgeGatewayOptions, UpgradeRequest } from '../../platform/http/edge-ws.adapter.js';

/** `/ws/bus`: the tenant's bus, where MeshFlow has it. */
@WebSocketGateway<EdgeGatewayOptions>({ path: '/compat/meshflow/ws/bus', access: 'runs.signal', maxPayload: MAX_BUS_MESSAGE })
export class MeshBusGateway implements OnGatewayConnection {
  constructor(private readonly bus: MessageBus) {}

  handleConnection(socket: WebSocket, { principal }: UpgradeRequest): void {
    this.bus.join(principal.tenant, socket);
  }
}
