import Testing

@testable import TollgateApp

struct StartupPagesTests {
    @Test func `only the code of files is given back`() {
        let code = "55d0a000-55d0f000 r-xp 00001000 fe:00 131                       /usr/bin/tollgate\n"
        #expect(StartupPages.codeOfFile(code) == 0x55d0_a000..<0x55d0_f000)
        for other in [
            "55d0f000-55d10000 rw-p 00006000 fe:00 131   /usr/bin/tollgate\n",
            "7ffe1000-7ffe2000 r-xp 00000000 00:00 0     [vdso]\n", "7f000000-7f001000 r-xp 00000000 00:00 0\n",
            "7f001000-7f000000 r-xp 00000000 fe:00 7 /x\n", "x-y r-xp 0 0 0 /x\n", "\n",
        ] {
            #expect(StartupPages.codeOfFile(other) == nil, "\(other)")
        }
    }

    @Test func `what was given back is still there`() {
        StartupPages.giveBack()
        #expect(StartupPages.codeOfFile("") == nil)
    }
}
