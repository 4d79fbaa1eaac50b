/**
 * The test guest's program: a boot sector of ours, one instruction a line, its bytes beside it.
 * The bytes are what runs (`guest.ts` reads them); a test assembles the text and compares.
 *
 * It speaks on COM1. At boot it finds the ACPI power-management ports, enables the power button and
 * writes `TROUPE GUEST UP`; then `tick N` about once a second. At the power button it writes
 * `power button: off` and powers off. Bytes received: `r` reboots, `o` powers off, `h` halts with
 * interrupts off (a guest that ignores the power button), `p` panics through pvpanic.
 * Sources: ACPI 6.5 sections 4.8.3 and 7.4; PIIX4 and ICH9 datasheets (PMBASE, register 40h).
 */

/** Columns: address, bytes, label and instruction in NASM's syntax, comment. Origin 7C00h. */
export const guestListing = `
                      start:
7c00  fa                cli                     ; no interrupts before there is a stack
7c01  31c0              xor ax, ax
7c03  8ed8              mov ds, ax
7c05  8ed0              mov ss, ax
7c07  bc007c            mov sp, 0x7c00          ; the stack grows down from the code
7c0a  fc                cld
7c0b  99                cwd                     ; dx = 0: COM1
7c0c  b0e3              mov al, 0xe3            ; 9600 baud, 8 bits, no parity, one stop bit
7c0e  cd14              int 0x14                ; the BIOS sets the line up; ah = 0
7c10  31ed              xor bp, bp              ; bp: the port of PM1_STS, 0 while unknown
7c12  66b8000b0080      mov eax, 0x80000b00     ; PCI 00:01.3, the power management of pc (PIIX4)
7c18  e8c300            call config
7c1b  663d86801371      cmp eax, 0x71138086
7c21  66b8400b0080      mov eax, 0x80000b40     ; its PMBASE
7c27  7417              je found
7c29  66b800f80080      mov eax, 0x8000f800     ; PCI 00:1f.0, the bridge of q35 (ICH9)
7c2f  e8ac00            call config
7c32  663d86801829      cmp eax, 0x29188086
7c38  66b840f80080      mov eax, 0x8000f840     ; its PMBASE
7c3e  750e              jne ready               ; neither: a guest without a power button
                      found:
7c40  e89b00            call config
7c43  83e080            and ax, 0xff80          ; the low bits are flags
7c46  95                xchg ax, bp
7c47  8d5602            lea dx, [bp+2]          ; PM1_EN
7c4a  b80001            mov ax, 0x0100          ; PWRBTN_EN, or QEMU drops the press
7c4d  ef                out dx, ax
                      ready:
7c4e  b0fe              mov al, 0xfe
7c50  e621              out 0x21, al            ; only the timer interrupts, 18.2 times a second
7c52  be187d            mov si, up
7c55  e8aa00            call print
7c58  6631db            xor ebx, ebx            ; ebx: seconds
                      second:
7c5b  bf1200            mov di, 18              ; di: timer interrupts left in this second
                      sleep:
7c5e  fb                sti
7c5f  f4                hlt                     ; the processor idles, so guests are cheap
7c60  bafd03            mov dx, 0x3fd           ; line status
7c63  ec                in al, dx
7c64  a801              test al, 0x01           ; has a byte come?
7c66  7413              jz button
7c68  b2f8              mov dl, 0xf8
7c6a  ec                in al, dx
7c6b  3c72              cmp al, 'r'
7c6d  7445              je reboot
7c6f  3c68              cmp al, 'h'
7c71  7461              je halt
7c73  3c6f              cmp al, 'o'
7c75  742e              je request
7c77  3c70              cmp al, 'p'
7c79  744b              je panic
                      button:
7c7b  89ea              mov dx, bp
7c7d  85d2              test dx, dx
7c7f  740b              jz idle
7c81  ed                in ax, dx               ; PM1_STS
7c82  f6c401            test ah, 0x01           ; PWRBTN_STS
7c85  7405              jz idle
7c87  be307d            mov si, pressed
7c8a  eb1c              jmp off
                      idle:
7c8c  4f                dec di
7c8d  75cf              jnz sleep
7c8f  6643              inc ebx
7c91  be2a7d            mov si, tick
7c94  e86b00            call print
7c97  6689d8            mov eax, ebx
7c9a  e84b00            call decimal
7c9d  be5f7d            mov si, newline
7ca0  e85f00            call print
7ca3  ebb6              jmp second
                      request:
7ca5  be447d            mov si, asked
                      off:
7ca8  e85700            call print
7cab  8d5604            lea dx, [bp+4]          ; PM1_CNT
7cae  b80020            mov ax, 0x2000          ; SLP_EN; SLP_TYP 0 is S5 on both boards
7cb1  ef                out dx, ax
7cb2  eb26              jmp stop
                      reboot:
7cb4  be4a7d            mov si, again
7cb7  e84800            call print
7cba  baf90c            mov dx, 0x0cf9          ; the reset control register
7cbd  b006              mov al, 0x06
7cbf  ee                out dx, al
7cc0  b0fe              mov al, 0xfe            ; and by the keyboard controller
7cc2  e664              out 0x64, al
7cc4  eb14              jmp stop
                      panic:
7cc6  be537d            mov si, fault
7cc9  e83600            call print
7ccc  ba0505            mov dx, 0x0505          ; pvpanic
7ccf  b001              mov al, 0x01            ; PVPANIC_PANICKED
7cd1  ee                out dx, al
7cd2  eb06              jmp stop
                      halt:
7cd4  be5b7d            mov si, still
7cd7  e82800            call print
                      stop:
7cda  fa                cli                     ; deaf from here on, to the power button too
7cdb  f4                hlt
7cdc  ebfc              jmp stop
                      config:                   ; eax: address in, value out
7cde  baf80c            mov dx, 0x0cf8
7ce1  66ef              out dx, eax
7ce3  b2fc              mov dl, 0xfc
7ce5  66ed              in eax, dx
7ce7  c3                ret
                      decimal:                  ; prints eax, the leading digits first
7ce8  66b90a000000      mov ecx, 10
7cee  6631d2            xor edx, edx
7cf1  66f7f1            div ecx
7cf4  52                push dx
7cf5  6685c0            test eax, eax
7cf8  7403              jz digit
7cfa  e8ebff            call decimal
                      digit:
7cfd  58                pop ax
7cfe  0430              add al, '0'
7d00  eb0a              jmp put
                      print:                    ; prints the text at si up to its zero
7d02  ac                lodsb
7d03  84c0              test al, al
7d05  7410              jz done
7d07  e80200            call put
7d0a  ebf6              jmp print
                      put:                      ; sends al
7d0c  baf803            mov dx, 0x3f8
7d0f  ee                out dx, al
7d10  b2fd              mov dl, 0xfd
                      sent:
7d12  ec                in al, dx
7d13  a840              test al, 0x40           ; until it has left: power-off cuts no line
7d15  74fb              jz sent
                      done:
7d17  c3                ret
7d18  54524f5550452047554553542055500d0a00  up: db 'TROUPE GUEST UP', 13, 10, 0
7d2a  7469636b2000    tick: db 'tick ', 0
7d30  706f77657220627574746f6e3a206f66660d0a00  pressed: db 'power button: off', 13, 10, 0
7d44  6f66660d0a00    asked: db 'off', 13, 10, 0
7d4a  7265626f6f740d0a00  again: db 'reboot', 13, 10, 0
7d53  70616e69630d0a00  fault: db 'panic', 13, 10, 0
7d5b  68616c74        still: db 'halt'          ; goes on with the next line's text
7d5f  0d0a00          newline: db 13, 10, 0
`
