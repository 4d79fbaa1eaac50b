/** A definition as the command line of QEMU, as people and scripts read it. */
import * as Effect from "effect/Effect"
import type { NativeCommand } from "../../engine/native.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { refuse } from "./domain-reference.ts"
import { knowing } from "./flags.ts"

/** The only format that libvirt's QEMU driver has. */
const format = "qemu-argv"

/** What a shell would not take as it is. */
const special = /[\r\t\n !"#$&'()*;<>?[\\\]^`{|}~]/

const shellWord = (word: string): string =>
  word === "" || special.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : word

/** On one line, that a shell takes as it stands. */
const shellLine = ({ environment, argv }: NativeCommand): string =>
  [
    ...Object.entries(environment).map(([name, value]) => `${name}=${shellWord(value)}`),
    ...argv.map(shellWord)
  ].join(" ")

const toNative: Handler<"remote", "CONNECT_DOMAIN_XML_TO_NATIVE"> = (
  { nativeFormat, domainXml },
  { engine }
) =>
  nativeFormat === format
    ? Effect.map(engine.toNative(domainXml), (command) => ({ nativeConfig: shellLine(command) }))
    : refuse("INVALID_ARG", `unsupported config type ${nativeFormat}`)

export const native: Handlers = {
  remote: {
    CONNECT_DOMAIN_XML_TO_NATIVE: knowing("virConnectDomainXMLToNative", 0, toNative)
  }
}
