/** All that is answered about domains themselves, one family a file. */
import type { Handlers } from "../server/handler.ts"
import { domainDefine } from "./domain-define.ts"
import { domainLife } from "./domain-life.ts"
import { domainList } from "./domain-list.ts"
import { domainMetadata } from "./domain-metadata.ts"
import { domainNone } from "./domain-none.ts"
import { domainRead } from "./domain-read.ts"

export const domain: readonly Handlers[] = [
  domainList,
  domainRead,
  domainLife,
  domainDefine,
  domainMetadata,
  domainNone
]
