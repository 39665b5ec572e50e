/// What went wrong with a drop, by the names that results, logs and metrics carry (contract, section 10).
package enum Code: String, Sendable, Codable, CaseIterable {
    case readEmpty = "read.empty"
    case readUnreadable = "read.unreadable"
    case readNotRegular = "read.notRegular"
    case readTooLarge = "read.tooLarge"
    case readChanged = "read.changed"
    case readIncomplete = "read.incomplete"
    case parseJSON = "parse.json"
    case parseXML = "parse.xml"
    case parseEncoding = "parse.encoding"
    case kindUnknown = "kind.unknown"
    case schemaJSON = "schema.json"
    case schemaXML = "schema.xml"
    case sizeRecord = "size.record"
    case sizeMultipart = "size.multipart"
    case attachmentName = "attachment.name"
    case attachmentType = "attachment.type"
    case referenceConflict = "reference.conflict"
    case referenceOtherInbox = "reference.otherInbox"
    case orderSuperseded = "order.superseded"
    case submitBadRequest = "submit.badRequest"
    case submitUnauthorized = "submit.unauthorized"
    case submitForbidden = "submit.forbidden"
    case submitNotFound = "submit.notFound"
    case submitRateLimited = "submit.rateLimited"
    case submitServerError = "submit.serverError"
    case submitNetwork = "submit.network"
    case submitRejected = "submit.rejected"
}

/// The step of a drop's way (contract, section 3) at which it ended.
package enum Stage: String, Sendable, Codable, CaseIterable {
    case read, convert, validate, reference, submit, confirm, file
}

extension Code {
    package var stage: Stage { advice.stage }

    /// Whether the same file, unchanged, may well go through another time.
    package var isRetryable: Bool { advice.retryable }

    /// What the admin can do about it, in one or two sentences.
    package var action: String { advice.action }

    /// The one table of what every code means to an admin.
    private var advice: (stage: Stage, retryable: Bool, action: String) {
        switch self {
        case .readEmpty:
            (
                .read, false,
                "The file has no content. Check the export or upload that wrote it, and drop the file again."
            )
        case .readUnreadable:
            (.read, true, "The service may not read the file. Correct its permissions and put it back into the inbox.")
        case .readNotRegular:
            (.read, false, "Drop the file itself: links, pipes, sockets and devices are never followed or read.")
        case .readTooLarge:
            (.read, false, "The file is larger than could ever be sent. Split it and drop the parts.")
        case .readChanged:
            (
                .read, true,
                "The file was still being written when it was taken. Write under a temporary name and rename when done; then drop it again."
            )
        case .readIncomplete:
            (.read, false, "The file ends too early, like an upload that was cut off. Upload the whole file again.")
        case .parseJSON:
            (.convert, false, "Correct the JSON at the given line and column and drop the file again.")
        case .parseXML:
            (.convert, false, "Correct the XML at the given line and column and drop the file again.")
        case .parseEncoding:
            (.convert, false, "Save the file as UTF-8 and drop it again.")
        case .kindUnknown:
            (
                .convert, false,
                "Name the records' array accounts, payments or thirdPartyClaims, or set the inbox's kind; then drop the file again."
            )
        case .schemaJSON, .schemaXML:
            (.validate, false, "Correct the fields listed under errors and drop the file again.")
        case .sizeRecord:
            (
                .validate, false,
                "One record alone is over the API's size limit. Make it smaller and drop the file again."
            )
        case .sizeMultipart:
            (.validate, false, "The attachment is over the API's size limit. Make it smaller and drop it again.")
        case .attachmentName:
            (.validate, false, "Rename the file to the agreed form, so that its name says which account it belongs to.")
        case .attachmentType:
            (.validate, false, "Drop a file of an allowed type; its content has to be what its name says.")
        case .referenceConflict:
            (
                .reference, false,
                "The batchReferenceId was used before for other content. Give the document a new one and drop it again."
            )
        case .referenceOtherInbox:
            (
                .reference, false,
                "The same payments came in through another inbox. If both may send them, give the two inboxes one scope."
            )
        case .orderSuperseded:
            (
                .reference, false,
                "A later document about the same records was accepted meanwhile. Retry with --stale only if this older one must win."
            )
        case .submitBadRequest:
            (.submit, false, "Correct what the API names in its answer and drop the file again.")
        case .submitUnauthorized:
            (
                .submit, true,
                "The API refused the service's token. Check api.clientID and api.clientSecret, then retry the drop."
            )
        case .submitForbidden:
            (
                .submit, true,
                "The API does not allow this request. Check the credentials' permissions and limits, then retry the drop."
            )
        case .submitNotFound:
            (
                .submit, true,
                "The API knows no such endpoint or identifier. Check api.url and the identifiers, then retry the drop."
            )
        case .submitRateLimited:
            (.submit, true, "The API was too busy each time. Retry the drop later; nothing is sent twice.")
        case .submitServerError:
            (.submit, true, "The API had an error each time. Retry the drop later; nothing is sent twice.")
        case .submitNetwork:
            (
                .submit, true,
                "The API could not be reached or did not answer. Retry the drop later; nothing is sent twice."
            )
        case .submitRejected:
            (.confirm, false, "The API refused the records listed under errors. Correct them and drop the file again.")
        }
    }
}
