/**
 * The trial guest of x86: a firmware image of our own that goes from real mode to long mode, takes
 * ten timer interrupts, computes for some milliseconds, says one line on the first serial port and
 * resets. Whatever accelerator runs it to the end can run a guest. Data only.
 */

/** The guest says this when it has run; nothing else of a QEMU does. */
export const trialWords = "troupe: the trial guest ran"

/** Machine code beside its assembly (NASM, `org 0xf0000`). */
const code: readonly (readonly [hex: string, assembly: string])[] = [
  // Real mode: the descriptor table, then protected mode.
  ["fa", "cli"],
  ["2e660f01164801", "o32 lgdt [cs:gdtr - $$]"],
  ["0f20c0", "mov eax, cr0"],
  ["0c01", "or al, 1"],
  ["0f22c0", "mov cr0, eax"],
  ["66ea18000f000800", "jmp dword 8:protected"],
  // Protected mode: flat segments and a stack.
  ["66b81000", "mov ax, 16"],
  ["8ed8", "mov ds, ax"],
  ["8ec0", "mov es, ax"],
  ["8ed0", "mov ss, ax"],
  ["bc00900000", "mov esp, 0x9000"],
  // Local APIC on, its LINT0 passing on the old interrupt controller.
  ["c705f000e0feff010000", "mov dword [0xfee000f0], 0x1ff"],
  ["c7055003e0fe00070000", "mov dword [0xfee00350], 0x700"],
  // Page tables at 0x1000: one page of 2 MiB, itself.
  ["c7050010000003200000", "mov dword [0x1000], 0x2003"],
  ["c7050020000003300000", "mov dword [0x2000], 0x3003"],
  ["c7050030000083000000", "mov dword [0x3000], 0x83"],
  // PAE, the tables, long mode enabled, paging on: long mode.
  ["0f20e0", "mov eax, cr4"],
  ["0c20", "or al, 0x20"],
  ["0f22e0", "mov cr4, eax"],
  ["b800100000", "mov eax, 0x1000"],
  ["0f22d8", "mov cr3, eax"],
  ["b9800000c0", "mov ecx, 0xc0000080"],
  ["0f32", "rdmsr"],
  ["80cc01", "or ah, 1"],
  ["0f30", "wrmsr"],
  ["0f20c0", "mov eax, cr0"],
  ["0d00000080", "or eax, 0x80000000"],
  ["0f22c0", "mov cr0, eax"],
  ["ea87000f001800", "jmp 24:longmode"],
  // Long mode: an interrupt gate for vector 0x20.
  ["66c70425004200000301", "mov word [0x4200], (tick - $$) & 0xffff"],
  ["66c70425024200001800", "mov word [0x4202], 24"],
  ["66c7042504420000008e", "mov word [0x4204], 0x8e00"],
  ["66c70425064200000f00", "mov word [0x4206], 0x000f"],
  ["0f011d98000000", "lidt [rel idtr]"],
  // Old interrupt controller: vectors from 0x20 on, only the timer's line open.
  ["b011", "mov al, 0x11"],
  ["e620", "out 0x20, al"],
  ["b020", "mov al, 0x20"],
  ["e621", "out 0x21, al"],
  ["b004", "mov al, 4"],
  ["e621", "out 0x21, al"],
  ["b001", "mov al, 1"],
  ["e621", "out 0x21, al"],
  ["b0fe", "mov al, 0xfe"],
  ["e621", "out 0x21, al"],
  // Timer: every 1,193 of its 1,193,182 beats a second.
  ["b034", "mov al, 0x34"],
  ["e643", "out 0x43, al"],
  ["b0a9", "mov al, 0xa9"],
  ["e640", "out 0x40, al"],
  ["b004", "mov al, 4"],
  ["e640", "out 0x40, al"],
  // Ten ticks, asleep in between.
  ["31db", "xor ebx, ebx"],
  ["fb", "sti"],
  ["f4", "hlt"],
  ["83fb0a", "cmp ebx, 10"],
  ["72fa", "jb .wait"],
  ["fa", "cli"],
  // Work that only a processor does quickly: 20 million rounds.
  ["b9002d3101", "mov ecx, 20000000"],
  ["ffc9", "dec ecx"],
  ["75fc", "jnz .work"],
  // The words, to the first serial port.
  ["488d351b000000", "lea rsi, [rel words]"],
  ["66baf803", "mov dx, 0x3f8"],
  ["ac", "lodsb"],
  ["84c0", "test al, al"],
  ["7403", "jz .done"],
  ["ee", "out dx, al"],
  ["ebf8", "jmp .say"],
  // Reset by the keyboard controller; QEMU ends for it (-no-reboot).
  ["b0fe", "mov al, 0xfe"],
  ["e664", "out 0x64, al"],
  ["f4", "hlt"],
  ["ebf9", "jmp .done"],
  // A tick: counted, acknowledged.
  ["ffc3", "inc ebx"],
  ["b020", "mov al, 0x20"],
  ["e620", "out 0x20, al"],
  ["48cf", "iretq"],
  // Data: the words, the descriptor table and its pointer, the interrupt table's.
  ["74726f7570653a207468652074726961", "db the words"],
  ["6c2067756573742072616e0a00", "and their end"],
  ["0000000000000000", "dq 0"],
  ["ffff0000009acf00", "dq 0x00cf9a000000ffff"],
  ["ffff00000092cf00", "dq 0x00cf92000000ffff"],
  ["ffff0000009aaf00", "dq 0x00af9a000000ffff"],
  ["1f00", "dw 31"],
  ["28010f00", "dd gdt"],
  ["0f02", "dw 0x20f"],
  ["0040000000000000", "dq 0x4000"]
]

/** `jmp 0xf000:0`, where a processor starts: 16 bytes before the end of the firmware. */
const resetVector = "ea000000f0"

/** QEMU maps the end of a firmware image below 4 GiB and below 1 MiB; 64 KiB is its grain. */
const imageBytes = 64 * 1024

export const trialImage = (): Uint8Array => {
  const image = new Uint8Array(imageBytes)
  image.set(fromHex(code.map(([hex]) => hex).join("")))
  image.set(fromHex(resetVector), imageBytes - 16)
  return image
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
