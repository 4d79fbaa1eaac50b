/**
 * Devices of a domain that come and go, given as the device's XML or by its name in QEMU. The old
 * calls without flags are for the running guest, as libvirt has them.
 */
import * as Effect from "effect/Effect"
import type { DomainDevices } from "../../engine/device.ts"
import type { Handlers } from "../server/handler.ts"
import type { Client, Work } from "../server/handler.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import { affect, affects, onDomain, unknownFlags } from "./domain-reference.ts"

interface Asked {
  readonly dom: remote_nonnull_domain
  readonly flags: number
  readonly api: string
}

type Deed = (
  devices: DomainDevices,
  which: { readonly live: boolean; readonly config: boolean }
) => ReturnType<DomainDevices["attachDevice"]>

const onDevices = (client: Client, { dom, flags, api }: Asked, deed: Deed): Work<void> =>
  unknownFlags(api, flags, affect.live | affect.config) ??
  onDomain(client, dom, (domain, found) =>
    Effect.gen(function* () {
      yield* domain.info
      const now = client.engine.published()?.byUuid(found.uuid) ?? found
      const given = yield* affects(flags, now)
      yield* deed(domain, given ?? { live: now.isActive, config: !now.isActive })
    })
  )

export const domainDevices: Handlers = {
  remote: {
    DOMAIN_ATTACH_DEVICE: ({ dom, xml }, client) =>
      onDevices(
        client,
        { dom, flags: affect.live, api: "virDomainAttachDevice" },
        (domain, which) => domain.attachDevice(xml, which)
      ),
    DOMAIN_ATTACH_DEVICE_FLAGS: ({ dom, xml, flags }, client) =>
      onDevices(client, { dom, flags, api: "virDomainAttachDeviceFlags" }, (domain, which) =>
        domain.attachDevice(xml, which)
      ),
    DOMAIN_DETACH_DEVICE: ({ dom, xml }, client) =>
      onDevices(
        client,
        { dom, flags: affect.live, api: "virDomainDetachDevice" },
        (domain, which) => domain.detachDevice(xml, which)
      ),
    DOMAIN_DETACH_DEVICE_FLAGS: ({ dom, xml, flags }, client) =>
      onDevices(client, { dom, flags, api: "virDomainDetachDeviceFlags" }, (domain, which) =>
        domain.detachDevice(xml, which)
      ),
    DOMAIN_DETACH_DEVICE_ALIAS: ({ dom, alias, flags }, client) =>
      onDevices(client, { dom, flags, api: "virDomainDetachDeviceAlias" }, (domain, which) =>
        domain.detachDeviceAlias(alias, which)
      )
  }
}
