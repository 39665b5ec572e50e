import Crypto
import Foundation
import Ledger
import Testing
import TestSupport

@Suite struct BodyStoreTests {
    private let folder: TemporaryFolder
    private let store: BodyStore
    private let body = Array("{\"accounts\":[]}".utf8)
    private var hash: [UInt8] { Array(SHA256.hash(data: body)) }
    private var bodies: URL { folder.url.appendingPathComponent("bodies") }

    init() throws {
        folder = try TemporaryFolder()
        store = try BodyStore(state: folder.path)
    }

    @Test func aKeptBodyComesBackToTheLetter() throws {
        #expect(try store.body(hash: hash) == nil)
        try store.keep(body, hash: hash)
        try store.keep(body, hash: hash)
        #expect(try BodyStore(state: folder.path).body(hash: hash) == body)
        #expect(try bodies.names.count == 1)
        try store.forget(hash: hash)
        try store.forget(hash: hash)
        #expect(try store.body(hash: hash) == nil)
        #expect(try bodies.names.isEmpty)
    }

    @Test func onlyTheServiceMayReadThem() throws {
        try store.keep(body, hash: hash)
        let folder = try FileManager.default.attributesOfItem(atPath: bodies.path)
        #expect(folder[.posixPermissions] as? Int == 0o700)
        let name = try #require(try bodies.names.first)
        let file = try FileManager.default.attributesOfItem(atPath: bodies.appendingPathComponent(name).path)
        #expect(file[.posixPermissions] as? Int == 0o600)
    }

    @Test func aRemainderOfACutOffWriteIsNoBody() throws {
        let name = hash.map { String(format: "%02x", $0) }.joined()
        try bodies.write("{\"acc", as: name + ".tmp")
        #expect(try store.body(hash: hash) == nil)
        try store.keep(body, hash: hash)
        #expect(try store.body(hash: hash) == body)
        #expect(try bodies.names == [name])
    }

    @Test(arguments: ["{\"accounts\":[}]", "{\"acc", ""]) func aDamagedBodyIsNotTaken(present: String) throws {
        let name = hash.map { String(format: "%02x", $0) }.joined()
        try bodies.write(present, as: name)
        #expect(try store.body(hash: hash) == nil)
    }

    @Test func anEmptyBodyIsABody() throws {
        let hash = Array(SHA256.hash(data: [UInt8]()))
        try store.keep([], hash: hash)
        #expect(try store.body(hash: hash) == [])
    }
}
