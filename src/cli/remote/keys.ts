/** Keys of a keyboard by Linux's names, as virsh takes them: input-event-codes.h. Pure data. */

export { codesets } from "../../qemu/guest-keys.ts"

/** Names in the order of their numbers, from 1. A dash is a number that is left out. */
const rows = [
  "ESC 1 2 3 4 5 6 7 8 9 0 MINUS EQUAL BACKSPACE TAB Q W E R T Y U I O P LEFTBRACE RIGHTBRACE",
  "ENTER LEFTCTRL A S D F G H J K L SEMICOLON APOSTROPHE GRAVE LEFTSHIFT BACKSLASH Z X C V B N M",
  "COMMA DOT SLASH RIGHTSHIFT KPASTERISK LEFTALT SPACE CAPSLOCK F1 F2 F3 F4 F5 F6 F7 F8 F9 F10",
  "NUMLOCK SCROLLLOCK KP7 KP8 KP9 KPMINUS KP4 KP5 KP6 KPPLUS KP1 KP2 KP3 KP0 KPDOT -",
  "ZENKAKUHANKAKU 102ND F11 F12 RO KATAKANA HIRAGANA HENKAN KATAKANAHIRAGANA MUHENKAN",
  "KPJPCOMMA KPENTER RIGHTCTRL",
  "KPSLASH SYSRQ RIGHTALT LINEFEED HOME UP PAGEUP LEFT RIGHT END DOWN PAGEDOWN INSERT DELETE MACRO",
  "MUTE VOLUMEDOWN VOLUMEUP POWER KPEQUAL KPPLUSMINUS PAUSE SCALE KPCOMMA HANGEUL HANJA YEN",
  "LEFTMETA RIGHTMETA COMPOSE STOP AGAIN PROPS UNDO FRONT COPY OPEN PASTE FIND CUT HELP MENU"
]

const codes: ReadonlyMap<string, number> = new Map(
  rows.flatMap((row) => row.split(" ")).map((name, at) => [`KEY_${name}`, at + 1] as const)
)

/** The number of a key by its name, or as it is written; undefined where it is neither. */
export const keyCode = (text: string): number | undefined => {
  const code = codes.get(text.toUpperCase())
  if (code !== undefined) return code
  return /^(?:0x[0-9a-f]{1,4}|[0-9]{1,5})$/i.test(text) ? Number(text) : undefined
}
