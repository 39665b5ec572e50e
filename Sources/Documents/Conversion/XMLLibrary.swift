import CLibXML2

/// libxml2's own set-up, once in a process: its tables are not made thread-safely where two threads want them first.
enum XMLLibrary {
    private static let isStarted: Bool = {
        xmlInitParser()
        // Whatever a schema or a document may refer to: nothing is fetched, from the network or from a folder.
        xmlSetExternalEntityLoader { _, _, _ in nil }
        xmlSchemaInitTypes()
        return true
    }()

    static func start() {
        precondition(isStarted)
    }
}
