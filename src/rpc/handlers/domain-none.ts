/**
 * What domains do not have here, said as it is: no snapshots, no checkpoints, no managed saves, no
 * security labels, and nothing to warn of. Clients ask before they delete or edit.
 */
import type { Handlers } from "../server/handler.ts"
import { onPublished, refuse, unknownFlags } from "./domain-reference.ts"

/** All of virDomainSnapshotListFlags: they narrow or order what is empty. */
const snapshotListFlags = 2047

/** All of virDomainCheckpointListFlags. */
const checkpointListFlags = 15

/** All of virDomainMessageType. */
const messageKinds = 3

/** VIR_DOMAIN_SAVE_IMAGE_XML_SECURE. */
const saveImageXmlFlags = 1

const noManagedSave = () => refuse("OPERATION_INVALID", "domain does not have managed save image")

export const domainNone: Handlers = {
  remote: {
    DOMAIN_HAS_CURRENT_SNAPSHOT: ({ dom, flags }, client) =>
      unknownFlags("virDomainHasCurrentSnapshot", flags, 0) ??
      onPublished(client, dom, () => ({ result: 0 })),
    DOMAIN_SNAPSHOT_NUM: ({ dom, flags }, client) =>
      unknownFlags("virDomainSnapshotNum", flags, snapshotListFlags) ??
      onPublished(client, dom, () => ({ num: 0 })),
    DOMAIN_SNAPSHOT_LIST_NAMES: ({ dom, flags }, client) =>
      unknownFlags("virDomainSnapshotListNames", flags, snapshotListFlags) ??
      onPublished(client, dom, () => ({ names: [] })),
    DOMAIN_LIST_ALL_SNAPSHOTS: ({ dom, flags }, client) =>
      unknownFlags("virDomainListAllSnapshots", flags, snapshotListFlags) ??
      onPublished(client, dom, () => ({ snapshots: [], ret: 0 })),
    DOMAIN_SNAPSHOT_LOOKUP_BY_NAME: ({ dom, name, flags }, client) =>
      unknownFlags("virDomainSnapshotLookupByName", flags, 0) ??
      onPublished(client, dom, () =>
        refuse("NO_DOMAIN_SNAPSHOT", `no domain snapshot with matching name '${name}'`)
      ),
    DOMAIN_SNAPSHOT_CURRENT: ({ dom, flags }, client) =>
      unknownFlags("virDomainSnapshotCurrent", flags, 0) ??
      onPublished(client, dom, () =>
        refuse("NO_DOMAIN_SNAPSHOT", "the domain does not have a current snapshot")
      ),
    DOMAIN_LIST_ALL_CHECKPOINTS: ({ dom, flags }, client) =>
      unknownFlags("virDomainListAllCheckpoints", flags, checkpointListFlags) ??
      onPublished(client, dom, () => ({ checkpoints: [], ret: 0 })),
    DOMAIN_CHECKPOINT_LOOKUP_BY_NAME: ({ dom, name, flags }, client) =>
      unknownFlags("virDomainCheckpointLookupByName", flags, 0) ??
      onPublished(client, dom, () =>
        refuse("NO_DOMAIN_CHECKPOINT", `no domain checkpoint with matching name '${name}'`)
      ),
    DOMAIN_HAS_MANAGED_SAVE_IMAGE: ({ dom, flags }, client) =>
      unknownFlags("virDomainHasManagedSaveImage", flags, 0) ??
      onPublished(client, dom, () => ({ result: 0 })),
    DOMAIN_MANAGED_SAVE_GET_XML_DESC: ({ dom, flags }, client) =>
      unknownFlags("virDomainManagedSaveGetXMLDesc", flags, saveImageXmlFlags) ??
      onPublished(client, dom, noManagedSave),
    DOMAIN_MANAGED_SAVE_REMOVE: ({ dom, flags }, client) =>
      unknownFlags("virDomainManagedSaveRemove", flags, 0) ??
      onPublished(client, dom, noManagedSave),
    DOMAIN_GET_SECURITY_LABEL: ({ dom }, client) =>
      onPublished(client, dom, () => ({ label: "", enforcing: 0 })),
    DOMAIN_GET_SECURITY_LABEL_LIST: ({ dom }, client) =>
      onPublished(client, dom, () => ({ labels: [], ret: 0 })),
    DOMAIN_GET_MESSAGES: ({ dom, flags }, client) =>
      unknownFlags("virDomainGetMessages", flags, messageKinds) ??
      onPublished(client, dom, () => ({ msgs: [] }))
  }
}
