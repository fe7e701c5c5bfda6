import ArgumentParser
import Histogram
import LoadModel
import NIOCore
import NIOPosix

print("placeholder")
